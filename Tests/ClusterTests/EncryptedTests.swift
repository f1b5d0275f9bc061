import Cluster
import Foundation
import JobCore
import Logging
import Testing

/// The broker's port over TLS, with the files that the environment names.
@Suite(.timeLimit(.minutes(1))) struct `Over TLS` {
    private func variable(_ name: String) throws -> String {
        try #require(ProcessInfo.processInfo.environment[name], "run make test")
    }

    @Test func `the broker answers to who logs in by certificate, and to no stranger`() async throws {
        let url = "amqps://localhost:\(try variable("JOBS_TEST_AMQPS_URL").split(separator: ":").last ?? "")"
        let folder = try variable("JOBS_TEST_TLS_DIR")
        func broker(_ client: String) throws -> ClusterBroker {
            try ClusterBroker(
                url: url,
                managementURL: try variable("JOBS_TEST_MANAGEMENT_URL"),
                security: BrokerSecurity(
                    authorityFile: "\(folder)/authority.pem",
                    certificateFile: "\(folder)/\(client).pem",
                    keyFile: "\(folder)/\(client).key",
                    isExternal: true
                ),
                prefix: "",
                process: "test",
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }
        let trusted = try broker("client")
        #expect(try await trusted.depths(["no.such.queue"]) == [:])
        #expect(trusted.display.hasPrefix("amqps://localhost:"))
        await trusted.close()
        let stranger = try broker("stranger-client")
        await #expect(throws: BrokerError.self) { try await stranger.depths(["no.such.queue"]) }
        await stranger.close()
    }
}
