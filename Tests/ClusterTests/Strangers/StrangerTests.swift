import Foundation
import JobCore
import Testing

@testable import Admin

/// Producers in other languages: a routing key and JSON, nothing else.
@Suite("What a stranger publishes")
struct StrangerTests {
    enum Tool: String, CaseIterable {
        case amqpTools = "amqp-tools"
        case pika
    }

    @Test("a message with nothing but a routing key and JSON runs", arguments: Tool.allCases)
    func runs(tool: Tool) async throws {
        let place = try await WorkingCluster.start()
        try await place.whileWorking {
            try await place.publish(
                tool,
                routingKey: "system.probe",
                body: #"{"record":true,"note":"\#(tool.rawValue)"}"#
            )
            try await place.wait("an effect with the note \(tool.rawValue)") {
                try await place.notes().contains(tool.rawValue)
            }
        }
        await place.remove()
    }

    @Test("an unknown routing key ends in `dead list` as unroutable", arguments: Tool.allCases)
    func unroutable(tool: Tool) async throws {
        let place = try await WorkingCluster.start()
        try await place.whileWorking {
            try await place.publish(tool, routingKey: "nobody.knows", body: #"{"kept":true}"#)
            try await place.wait("a letter") { try await place.deadLetters().contains { $0.job == "nobody.knows" } }
        }
        let letter = try #require(try await place.deadLetters().first { $0.job == "nobody.knows" })
        #expect(letter.errorType == "unroutable")
        await place.remove()
    }

    @Test("what is no JSON becomes a letter, and the next job runs", arguments: Tool.allCases)
    func malformed(tool: Tool) async throws {
        let place = try await WorkingCluster.start()
        try await place.whileWorking {
            try await place.publish(tool, routingKey: "system.probe", body: #"{"record": nope"#)
            try await place.publish(tool, routingKey: "system.probe", body: #"{"record":true,"note":"after"}"#)
            try await place.wait("the next job's effect") { try await place.notes().contains("after") }
            try await place.wait("a letter") { try await !place.deadLetters().isEmpty }
        }
        #expect(try await place.deadLetters().map(\.errorType) == ["malformed_json"])
        await place.remove()
    }
}
