import Foundation

/// A real Alertmanager for one test, and what it knows.
struct Alertmanager: Sendable {
    struct Alert: Sendable {
        let name: String
        let queue: String?
        let command: String
        let runbook: String
        let summary: String
    }

    private let child: ChildProcess
    private let port: UInt16

    var url: String { "http://127.0.0.1:\(port)" }

    /// Returns when it answers.
    static func start(in folder: String) async throws -> Alertmanager {
        let binary = "/usr/bin/prometheus-alertmanager"
        guard FileManager.default.isExecutableFile(atPath: binary) else {
            throw StageError("no \(binary): scripts/deps test installs it")
        }
        let port = try FreePort.take()
        let configuration = folder + "/alertmanager.yml"
        try "route: { receiver: none }\nreceivers: [ { name: none } ]\n"
            .write(toFile: configuration, atomically: true, encoding: .utf8)
        let child = try ChildProcess(
            binary,
            [
                "--config.file=\(configuration)", "--storage.path=\(folder)/alertmanager",
                "--web.listen-address=127.0.0.1:\(port)", "--cluster.listen-address=",
            ],
            environment: ProcessInfo.processInfo.environment.filter { $0.key == "PATH" },
            output: folder + "/alertmanager.log"
        )
        let started = Alertmanager(child: child, port: port)
        try await until("Alertmanager answers", within: .seconds(20)) {
            _ = try await started.active()
            return true
        }
        return started
    }

    /// What fires.
    func active() async throws -> [Alert] {
        guard let address = URL(string: url + "/api/v2/alerts?active=true") else { throw StageError("no address") }
        let bytes = try await Task.detached { try Data(contentsOf: address) }.value
        let list = try JSONSerialization.jsonObject(with: bytes) as? [[String: Any]] ?? []
        return list.map { object in
            let labels = object["labels"] as? [String: String] ?? [:]
            let notes = object["annotations"] as? [String: String] ?? [:]
            return Alert(
                name: labels["alertname"] ?? "?",
                queue: labels["queue"],
                command: notes["command"] ?? "",
                runbook: notes["runbook"] ?? "",
                summary: notes["summary"] ?? ""
            )
        }
    }

    func stop() async {
        child.signal(SIGTERM)
        await child.ended()
    }
}

/// A port of this host that nobody listens on.
enum FreePort {
    /// Somebody listens.
    static func isOpen(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    static func take() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw StageError("no socket") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        var length = size
        let named = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard bound == 0, named == 0 else { throw StageError("no free port") }
        return UInt16(bigEndian: address.sin_port)
    }
}
