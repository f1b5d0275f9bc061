import Embedded
import JobCore
import Logging
import Testing

extension EmbeddedRoom {
    @Suite struct `Topology on SQLite` {
        @Test func `a plan applied leaves nothing to plan, and can be applied again`() async throws {
            let broker = try await TemporaryStore().openBroker()
            let topology = Topology.system(limit: 5, lanes: [.normal, .bulk])
            let plan = try await broker.plan(topology)
            #expect(
                plan.filter { $0.kind == "queue" }.map(\.name) == [
                    "jobs.unroutable", "system", "system.bulk", "system.dead",
                ]
            )
            #expect(
                plan.filter { $0.kind == "route" }.map(\.name) == [
                    "system.probe", "system.probe.bulk", "system.probe.normal",
                ]
            )
            #expect(plan.allSatisfy { $0.action == .create && $0.command == nil })
            for _ in 0..<2 {
                try await broker.apply(plan, of: topology)
                #expect(try await broker.plan(topology).isEmpty)
            }
        }

        @Test func `a changed limit and a moved job are updates, and messages stay counted`() async throws {
            let broker = try await TemporaryStore().openBroker()
            try await broker.declare(.system(limit: 5))
            await broker.publish(0..<3)
            var topology = Topology.system(limit: 9)
            topology.queues.append(Topology.Queue(name: "other", lanes: [.normal], maximumLength: nil))
            topology.routes[1] = Topology.Route(
                routingKey: "system.probe",
                job: "system.probe",
                address: QueueAddress("other")
            )
            let plan = try await broker.plan(topology)
            #expect(
                plan.map { "\($0.action) \($0.kind) \($0.name)" } == [
                    "create queue other", "create queue other.dead", "update queue system", "update route system.probe",
                ]
            )
            try await broker.apply(plan, of: topology)
            await broker.publish(0..<2)
            #expect(try await broker.depths(["system", "other"]).mapValues(\.ready) == ["system": 3, "other": 2])
        }

        @Test func `a queue is deleted only when it is empty`() async throws {
            let broker = try await TemporaryStore().openBroker()
            try await broker.declare(.system(lanes: [.normal, .bulk]))
            await broker.publish(0..<1)
            let empty = Topology(queues: [], routes: [])
            let plan = try await broker.plan(empty)
            #expect(plan.filter { $0.kind == "queue" }.map(\.name) == ["system.bulk", "system.dead"])
            #expect(plan.allSatisfy { $0.action == .delete })
            try await broker.apply(plan, of: empty)
            #expect(try await broker.plan(empty).isEmpty)
            let consumption = try await broker.consume("system", credit: 1)
            try await consumption.acknowledge(try #require(await consumption.next()).map(\.tag))
            #expect(try await broker.plan(empty).map(\.name) == ["system"])
        }

        @Test func `ping answers, and names the command when the tables are missing`() async throws {
            try await TemporaryStore().openBroker().ping()
            let database = try await TemporaryStore().open()
            let error = await outcome { () async throws(BrokerError) in
                try await EmbeddedBroker(database: database, process: nil, logger: Logger(label: "test")).ping()
            }
            #expect(error == .refused("no such table: broker_queues; run jobctl migrate apply"))
        }

        @Test func `the oldest ready instant is exact`() async throws {
            let broker = try await TemporaryStore().openBroker()
            try await broker.declare(.system())
            var late = WireMessage.probe(1)
            late.headers[HeaderName.readyAt] = .int(2_000)
            var early = WireMessage.probe(2)
            early.timestamp = 1
            _ = await broker.publish([late, early], deadline: .seconds(5))
            #expect(try await broker.depths(["system"])["system"]?.oldestReadyAt == Timestamp(milliseconds: 1000))
        }
    }
}
