import CPostgreSQL

extension ResultHandle {
    /// - Throws: `.unsupportedType`, also for a result without rows, so that it shows at the first run.
    func decodeColumns() throws(PostgresError) -> PostgresColumns {
        var names: [String] = []
        var types: [ColumnType] = []
        for index in 0..<PQnfields(pointer) {
            let name = PQfname(pointer, index).map { String(cString: $0) } ?? ""
            let oid = PQftype(pointer, index)
            guard let type = ColumnType(oid: oid) else { throw .unsupportedType(oid: oid, column: name) }
            names.append(name)
            types.append(type)
        }
        return PostgresColumns(names: names, types: types)
    }

    func decodeRows(_ columns: PostgresColumns) throws(PostgresError) -> [PostgresRow] {
        var rows: [PostgresRow] = []
        rows.reserveCapacity(Int(PQntuples(pointer)))
        for row in 0..<PQntuples(pointer) {
            var values: [PostgresValue] = []
            values.reserveCapacity(columns.types.count)
            for (index, type) in columns.types.enumerated() {
                values.append(try decodeCell(row, Int32(index), type, columns.names[index]))
            }
            rows.append(PostgresRow(columns: columns, values: values))
        }
        return rows
    }

    private func decodeCell(
        _ row: Int32,
        _ column: Int32,
        _ type: ColumnType,
        _ name: String
    ) throws(PostgresError) -> PostgresValue {
        guard PQgetisnull(pointer, row, column) == 0 else { return .null }
        let cell = UnsafeRawBufferPointer(
            start: PQgetvalue(pointer, row, column),
            count: Int(PQgetlength(pointer, row, column))
        )
        do {
            return try CellDecoder.decode(cell, as: type)
        } catch {
            throw .decoding(column: name, reason: error.reason)
        }
    }
}
