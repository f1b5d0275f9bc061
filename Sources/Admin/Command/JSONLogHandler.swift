import Foundation
import JobCore
package import Logging

/// Log lines as JSON objects, one a line on stderr, for machines: `JOBS_LOG_FORMAT=json`. The keys of `LogKey` (`job_id`,
/// `queue`, `attempt`, …) stand beside `time`, `level`, `message` and `source`.
package struct JSONLogHandler: LogHandler {
    package var logLevel: Logger.Level = .info
    package var metadata: Logger.Metadata = [:]
    private let write: @Sendable (String) -> Void

    package init(write: @escaping @Sendable (String) -> Void = JSONLogHandler.standardError) {
        self.write = write
    }

    /// One write a line, so that lines of several threads do not mix.
    package static let standardError: @Sendable (String) -> Void = { line in
        try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var members: [(key: String, value: JSONValue)] = [
            ("time", .instant(.now())), ("level", .text(event.level.rawValue)), ("message", .text("\(event.message)")),
            ("source", .text(event.source)),
        ]
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            // What a line is made of cannot be taken by its metadata.
            let isTaken = ["time", "level", "message", "source"].contains(key)
            members.append((isTaken ? "_\(key)" : key, .text("\(value)")))
        }
        write(JSONValue.object(members).text)
    }
}
