import Foundation
import JobCore
import Synchronization

/// The producer's own record, on disk before each promise is asked for and after each is given: what the platform says
/// about itself is held against it.
final class History: Sendable {
    enum Event: Sendable, Equatable {
        case attempted(JobID, lastAttempt: Int)
        case confirmed(JobID)
        case unconfirmed(JobID)
    }

    private let file: Mutex<FileHandle>
    private let path: String

    init(_ path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil) else {
            throw StageError("cannot write \(path)")
        }
        file = Mutex(try FileHandle(forWritingTo: URL(filePath: path)))
        self.path = path
    }

    func attempted(_ probes: [Probe]) throws {
        try append(probes.map { "attempted \($0.id) \($0.lastAttempt)" })
    }

    func answered(confirmed: Set<JobID>, unconfirmed: [JobID]) throws {
        try append(confirmed.map { "confirmed \($0)" } + unconfirmed.map { "unconfirmed \($0)" })
    }

    private func append(_ lines: [String]) throws {
        guard !lines.isEmpty else { return }
        let data = Data((lines.joined(separator: "\n") + "\n").utf8)
        try file.withLock { file in
            try file.write(contentsOf: data)
            try file.synchronize()
        }
    }

    func events() throws -> [Event] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            guard words.count >= 2, let id = JobID(words[1]) else {
                throw StageError("a bad line in the history: \(line)")
            }
            switch words[0] {
            case "attempted": return .attempted(id, lastAttempt: words.count > 2 ? Int(words[2]) ?? 1 : 1)
            case "confirmed": return .confirmed(id)
            default: return .unconfirmed(id)
            }
        }
    }
}
