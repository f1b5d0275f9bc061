import JobCore
import Testing

@testable import Cluster

@Suite("The broker's objects and their plan")
struct BrokerObjectsTests {
    static func topology(_ routes: [(key: String, queue: String, lane: Lane)]) -> Topology {
        let names = Set(routes.map(\.queue)).sorted()
        return Topology(
            queues: names.map { name in
                let lanes = Set(routes.filter { $0.queue == name }.map(\.lane)).sorted()
                return Topology.Queue(name: name, lanes: lanes, maximumLength: 10)
            },
            routes: routes.map { route in
                Topology.Route(
                    routingKey: route.key,
                    job: "shop.sold",
                    address: QueueAddress(route.queue, route.lane)
                )
            }
        )
    }

    @Test("an empty broker needs everything, in an order that never leaves a queue without its policy")
    func fromNothing() {
        let wanted = BrokerObjects(Self.topology([("shop.sold", "shop", .normal)]), prefix: "p.")
        let changes = wanted.changes(from: BrokerObjects())
        let kinds = changes.map { "\($0.kind) \($0.name)" }
        #expect(kinds.first == "exchange p.jobs.unroutable")
        #expect(kinds.firstIndex(of: "queue p.shop.dead")! < kinds.firstIndex(of: "policy p.jobs-shop")!)
        #expect(kinds.firstIndex(of: "policy p.jobs-shop")! < kinds.firstIndex(of: "queue p.shop")!)
        #expect(kinds.firstIndex(of: "queue p.shop")! < kinds.firstIndex(of: "binding p.shop")!)
        #expect(changes.allSatisfy { $0.action == .create })
    }

    @Test("a broker that has everything needs nothing")
    func nothingToDo() {
        let wanted = BrokerObjects(Self.topology([("shop.sold", "shop", .high)]), prefix: "")
        #expect(wanted.changes(from: wanted).isEmpty)
    }

    @Test("a key that moves is unbound before it is bound, so that nothing is doubled")
    func moved() {
        let before = BrokerObjects(Self.topology([("shop.sold", "old", .normal)]), prefix: "")
        let after = BrokerObjects(Self.topology([("shop.sold", "new", .normal)]), prefix: "")
        let bindings = after.changes(from: before).filter { $0.kind == "binding" }
        #expect(bindings.map(\.action) == [.delete, .delete, .create, .create])
        #expect(bindings.first?.detail == "jobs -[shop.sold]->")
    }

    @Test("a plan's line leads back to its binding")
    func bindingAndBack() throws {
        let binding = BrokerObjects.Binding(exchange: "jobs.strict", queue: "shop.high", routingKey: "shop.sold.high")
        let change = TopologyChange(.create, kind: "binding", name: binding.queue, detail: binding.detail)
        #expect(BrokerObjects.Binding(change) == binding)
    }

    @Test("a policy names exactly its queue's lanes and is printed as a command")
    func policy() throws {
        let objects = BrokerObjects(Self.topology([("shop.sold", "shop", .normal)]), prefix: "a.b.")
        let policy = try #require(objects.policies["a.b.jobs-shop"])
        #expect(policy.pattern == "^a\\.b\\.shop(\\.high|\\.bulk)?$")
        #expect(policy.definition.deadLetterRoutingKey == "a.b.shop.dead")
        #expect(policy.definition.maximumLength == 10)
        #expect(policy.command("x").contains("\"overflow\":\"reject-publish\""))
        #expect(objects.policies["a.b.jobs-shop.dead"]?.definition.maximumLength == nil)
    }
}
