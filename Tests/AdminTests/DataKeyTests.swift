import Admin
import Foundation
import JobCore
import Testing

/// `JOBS_DATA_KEY_FILE`, from a shell.
@Suite struct `A data key` {
    private static let secret = "rua-das-flores-1987"

    private let bench: CommandBench
    private let path: String

    init() throws {
        bench = try CommandBench()
        path = bench.folder + "/data.key"
        try write(mode: 0o600)
    }

    private func write(mode: Int) throws {
        let key = Data((0..<32).map { UInt8($0) }).base64EncodedString()
        let attributes: [FileAttributeKey: Any] = [.posixPermissions: mode]
        try? FileManager.default.removeItem(atPath: path)
        #expect(FileManager.default.createFile(atPath: path, contents: Data(key.utf8), attributes: attributes))
    }

    private var keyed: [String: String] { ["JOBS_DATA_KEY_FILE": path] }

    private func enqueueAndCancel(_ environment: [String: String]) async throws {
        let payload = #"{"street":"\#(Self.secret)"}"#
        for more in [[], ["--delay", "1h"], ["--delay", "2h"]] {
            let arguments = ["enqueue", "mail.send", "--payload", payload] + more
            #expect(try await bench.run(list: arguments, environment: environment).status == .ok)
        }
        let waiting = try await bench.run("waiting", "--json", environment: environment).list()
        let id = try #require(waiting.first?["id"] as? String)
        #expect(try await bench.run("waiting", "cancel", id, "--yes", environment: environment).status == .ok)
    }

    /// Whether the database's files hold the street, wherever.
    private func isOnDisk() throws -> Bool {
        try ["", "-wal"].contains { suffix in
            guard FileManager.default.fileExists(atPath: bench.file + suffix) else { return false }
            let bytes = try Data(contentsOf: URL(filePath: bench.file + suffix))
            return bytes.firstRange(of: Data(Self.secret.utf8)) != nil
        }
    }

    @Test func `keeps what is ready, waits or was cancelled off the disk`() async throws {
        try await enqueueAndCancel(keyed)
        #expect(try !isOnDisk())
        let found = try await bench.run(
            "waiting",
            "list",
            "--where",
            "street=\(Self.secret)",
            "--json",
            environment: keyed
        ).list()
        #expect(found.count == 1)
    }

    @Test func `absent leaves them legible, or the test above finds nothing`() async throws {
        try await enqueueAndCancel([:])
        #expect(try isOnDisk())
    }

    @Test func `that is missing is named, with what to do`() async throws {
        try await enqueueAndCancel(keyed)
        let answer = try await bench.run("waiting", "list", "--where", "street=x", "--json")
        #expect(answer.status == .failed)
        #expect(answer.err.contains("data_key_missing") && answer.err.contains("JOBS_DATA_KEY_FILE"))
    }

    @Test(arguments: [0o604, 0o644]) func `that everybody can read is refused`(_ mode: Int) async throws {
        try write(mode: mode)
        let answer = try await bench.run("queues", environment: keyed)
        #expect(answer.status == .usage)
        #expect(answer.err.contains("chmod 600"))
    }

    @Test func `is named by doctor`() async throws {
        try await enqueueAndCancel(keyed)
        let checks = try await bench.run("doctor", "--json", environment: keyed).list()
        let line = try #require(checks.first { $0["name"] as? String == "data key" })
        #expect((line["detail"] as? String)?.contains("sealed with") == true)
    }
}
