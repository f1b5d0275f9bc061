import JobCore
import Testing

extension Contract {
    @Suite(.timeLimit(.minutes(5))) struct Messages {
        private func roundTrip(_ messages: [WireMessage], in world: World) async throws -> [WireMessage] {
            await world.publish(messages)
            let consumption = try await world.broker.consume("alpha", credit: 50)
            let deliveries = await consumption.take(messages.count)
            try await consumption.acknowledge(deliveries.map(\.tag))
            await consumption.giveBack()
            return deliveries.map(\.message)
        }

        @Test(arguments: Profile.underTest)
        func `every kind of header comes back as it was`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let headers: Headers = [
                    "int": .int(42), "least": .int(.min), "most": .int(.max), "zero": .int(0),
                    "yes": .bool(true), "no": .bool(false),
                    "double": .double(-0.1), "huge": .double(1e300), "whole": .double(3),
                    "text": .string("coração ☕️"), "empty": .string(""), "nul": .string("a\0b"),
                    "quotes": .string(#"{"a":"\\"}"#), "digits": .string("42"), "true": .string("true"),
                    "bytes": .bytes([0, 255, 0xC3, 0x28]), "no bytes": .bytes([]),
                    "list": .list([.int(1), .list([.null, .bool(true)]), .table(["deep": .bytes([0])]), .string("")]),
                    "no list": .list([]), "table": .table(["a": .table(["b": .int(1)]), "@bytes": .string("x")]),
                    "no table": .table([:]), "null": .null,
                    "chave com espaço e \u{1F600}": .int(1),
                ]
                let sent = WireMessage.numbered(1, headers: headers)
                let received = try await roundTrip([sent], in: world)
                let back = try #require(received.first).headers
                for (name, value) in headers { #expect(back[name] == value, "header \(name)") }
                #expect(back.keys.filter { headers[$0] == nil }.allSatisfy(HeaderName.isBrokerBookkeeping))
            }
        }

        @Test(arguments: Profile.underTest)
        func `properties come back as they were, and absent ones stay absent`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let full = WireMessage(
                    routingKey: "alpha.work.normal",
                    body: Array("{}".utf8),
                    messageID: "0192F0C1-0000-7000-8000-00000000000A",
                    type: "alpha.work",
                    contentType: "application/json; charset=utf-8",
                    timestamp: 1_700_000_000
                )
                let bare = WireMessage(routingKey: "alpha.work", body: [])
                let odd = WireMessage(
                    routingKey: "alpha.work",
                    body: [1],
                    messageID: "não é um id",
                    type: "",
                    timestamp: 0
                )
                let received = try await roundTrip([full, bare, odd], in: world)
                for (sent, back) in zip([full, bare, odd], received) {
                    #expect(back.routingKey == sent.routingKey)
                    #expect(back.body == sent.body)
                    #expect(back.messageID == sent.messageID)
                    #expect(back.type == sent.type)
                    #expect(back.contentType == sent.contentType)
                    #expect(back.timestamp == sent.timestamp)
                }
            }
        }

        @Test(arguments: Profile.underTest)
        func `a body is bytes, from none to a mebibyte`(profile: Profile) async throws {
            try await World.with(profile) { world in
                let every = (0...255).map { UInt8($0) }
                let largest = Array(repeatElement(every, count: (1 << 20) / 256).joined())
                let bodies: [[UInt8]] = [[], [0], every, Array(repeating: 0, count: 70_000), largest]
                let received = try await roundTrip(
                    bodies.map { WireMessage(routingKey: "alpha.work", body: $0) },
                    in: world
                )
                for (sent, back) in zip(bodies, received) { #expect(back.body == sent, "\(sent.count) bytes") }
            }
        }
    }
}
