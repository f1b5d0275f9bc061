import CPostgreSQL

/// Owns one PGresult and frees it.
struct ResultHandle: ~Copyable {
    let pointer: OpaquePointer

    init(adopting pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        PQclear(pointer)
    }

    var status: ExecStatusType { PQresultStatus(pointer) }

    var isError: Bool { status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_NONFATAL_ERROR }

    var isCopy: Bool { status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH }

    /// `INSERT 0 3` and the like.
    var commandTag: String { Self.string(cpg_command_tag(pointer)) ?? "" }

    /// 0 where the command counts no rows.
    var affectedRows: Int { Self.string(cpg_affected_rows(pointer)).flatMap { Int($0) } ?? 0 }

    /// What the server said, or nil when the error is libpq's own: then the connection is lost.
    var serverError: (error: PostgresServerError, endsSession: Bool)? {
        guard let state = Self.string(cpg_error_sqlstate(pointer)) else { return nil }
        let severity = Self.string(cpg_error_severity(pointer))
        // 0A000 has many causes; only the plan cache's own check means that preparing again helps.
        let isStalePlan =
            state == "0A000" && Self.string(cpg_error_source_function(pointer)) == "RevalidateCachedQuery"
        let error = PostgresServerError(
            sqlState: state,
            message: Self.string(cpg_error_message(pointer)) ?? "",
            detail: Self.string(cpg_error_detail(pointer)),
            constraint: Self.string(cpg_error_constraint(pointer)),
            isStaleStatement: isStalePlan || state == "26000"
        )
        return (error, severity == "FATAL" || severity == "PANIC")
    }

    private static func string(_ text: UnsafePointer<CChar>?) -> String? { text.map { String(cString: $0) } }
}
