import Foundation
import JobCore

/// `jobctl analytics load checkins FILE.csv[.gz]`: check-ins from a file into the store. Loading a file again changes
/// nothing.
struct CheckinLoader {
    static let verb = FamilyVerb(
        "analytics",
        "load",
        "checkins",
        usage: "analytics load checkins FILE.csv[.gz] [--source NAME]",
        abstract: "Load check-ins (user_id, venue_id, utc_time, local_time) for the daily numbers."
    ) { context in
        try await CheckinLoader(context).load()
    }

    private static let batch = 2000
    private static let columns = ["user_id", "venue_id", "utc_time", "local_time"]

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let context: FamilyVerb.Context
    private let path: String
    /// Stands for the file: its rows are known by it and their line.
    private let source: String

    init(_ context: FamilyVerb.Context) throws {
        self.context = context
        var arguments = context.arguments
        var source: String?
        if let index = arguments.firstIndex(of: "--source") {
            guard arguments.indices.contains(index + 1) else { throw CheckinLoader.usage("--source wants a name") }
            source = arguments[index + 1]
            arguments.removeSubrange(index...(index + 1))
        }
        guard arguments.count == 1, !arguments[0].hasPrefix("-") else {
            throw CheckinLoader.usage(arguments.isEmpty ? "which file?" : "one file is wanted")
        }
        path = arguments[0]
        self.source = source ?? URL(filePath: path).lastPathComponent
    }

    private static func usage(_ message: String) -> FamilyVerb.UsageError {
        FamilyVerb.UsageError(message, remedy: "jobctl \(verb.usage)")
    }

    private func load() async throws -> FamilyVerb.Answer {
        let bytes = try ByteSource(path: path)
        var reader = CSVReader()
        var columns: [Int]?
        var rows: [[SQLValue]] = []
        var (read, new, noted) = (0, 0, ContinuousClock.now)
        func take(_ line: Int, _ fields: [String]) throws {
            guard let positions = columns else {
                columns = try positionsOfColumns(fields)
                return
            }
            rows.append(try row(fields, positions, line: line))
            read += 1
        }
        while let chunk = try bytes.next() {
            for record in try reader.take(chunk) { try take(record.line, record.fields) }
            while rows.count >= CheckinLoader.batch {
                new += try await insert(Array(rows.prefix(CheckinLoader.batch)))
                rows.removeFirst(CheckinLoader.batch)
            }
            if noted.duration(to: .now) > .seconds(2) {
                noted = .now
                context.note("\(read) check-ins read, \(new) of them new")
            }
        }
        if let last = try reader.finish() { try take(last.line, last.fields) }
        guard columns != nil else { throw Failure(description: "\(path) is empty") }
        if !rows.isEmpty { new += try await insert(rows) }
        return FamilyVerb.Answer(
            text: "\(read) check-ins read from \(source), \(new) new, \(read - new) known",
            json: #"{"source":"\#(JSONText.escaped(source))","read":\#(read),"new":\#(new),"known":\#(read - new)}"#
        )
    }

    private func positionsOfColumns(_ header: [String]) throws -> [Int] {
        try CheckinLoader.columns.map { name in
            guard let position = header.firstIndex(of: name) else {
                let wanted = CheckinLoader.columns.joined(separator: ", ")
                throw Failure(description: "\(path): no column \(name); wanted are \(wanted)")
            }
            return position
        }
    }

    private func row(_ fields: [String], _ positions: [Int], line: Int) throws -> [SQLValue] {
        guard let last = positions.max(), fields.count > last else {
            throw Failure(description: "\(path), line \(line): \(fields.count) fields are too few")
        }
        let (user, venue) = (fields[positions[0]], fields[positions[1]])
        guard let at = Timestamp(rfc3339: fields[positions[2]]) else {
            throw Failure(description: "\(path), line \(line): utc_time is no RFC 3339 instant")
        }
        guard let day = CivilDay(fields[positions[3]].prefix(10)) else {
            throw Failure(description: "\(path), line \(line): local_time begins with no date")
        }
        guard !user.isEmpty, !venue.isEmpty, user.utf8.count <= 100, venue.utf8.count <= 100 else {
            throw Failure(description: "\(path), line \(line): user_id and venue_id have 1 to 100 bytes")
        }
        return [
            .int(line), .scrubbed(user, maximumBytes: 100), .scrubbed(venue, maximumBytes: 100), .instant(at),
            .text(day.description),
        ]
    }

    /// How many were new.
    private func insert(_ rows: [[SQLValue]]) async throws -> Int {
        let source = source
        return try await context.transaction { session throws(StoreError) in
            let table = session.dialect.rows(
                "rows",
                [
                    ("line", .integer), ("user_id", .text), ("venue_id", .text), ("at_ms", .integer), ("day", .text),
                ]
            )
            var parameters = session.dialect.rowParameters("rows", rows)
            parameters["source"] = .scrubbed(source, maximumBytes: 200)
            return try session.execute(
                """
                insert into checkins (source, line, user_id, venue_id, at_ms, day)
                select cast(:source as text), line, user_id, venue_id, at_ms, day from \(table) as fresh where true
                on conflict (source, line) do nothing
                """,
                parameters
            )
        }
    }
}

private enum JSONText {
    static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }
}
