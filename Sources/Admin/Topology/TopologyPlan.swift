import Cluster
import JobCore

/// What differs between the declarations and the platform: the broker's part and the store's routing table.
struct TopologyPlan {
    private let topology: Topology
    private let changes: [TopologyChange]
    /// Routes of the store that the broker's plan does not speak of.
    private let routes: [TopologyChange]
    /// What the database's roles lack.
    private let grants: [TopologyChange]
    private let roles: ClusterRoles?

    init(_ topology: Topology, _ platform: Platform) async throws {
        self.topology = topology
        changes = try await platform.broker.plan(topology)
        let told = Set(changes.filter { $0.kind == "route" }.map(\.name))
        routes = TopologyPlan.difference(from: try await platform.store.routes(), to: topology.routes)
            .filter { !told.contains($0.name) }
        roles = platform.schema.map { ClusterRoles(topology.roles, schema: $0, store: platform.store) }
        grants = try await roles?.plan() ?? []
    }

    var isEmpty: Bool { all.isEmpty }
    var count: Int { all.count }
    var deletions: Int { all.count { $0.action == .delete } }
    /// Broker queues that applying this makes.
    var newQueues: Int { changes.count { $0.kind == "queue" && $0.action == .create } }
    /// Steps that a person must do with the printed command.
    var byHand: Int { all.count { $0.command != nil } }
    private var all: [TopologyChange] { changes + routes + grants }

    static func difference(from current: [Topology.Route], to wanted: [Topology.Route]) -> [TopologyChange] {
        let currentByKey = Dictionary(current.map { ($0.routingKey, $0) }, uniquingKeysWith: { first, _ in first })
        let wantedKeys = Set(wanted.map(\.routingKey))
        let changed = wanted.sorted().compactMap { route -> TopologyChange? in
            guard currentByKey[route.routingKey] != route else { return nil }
            let action: TopologyChange.Action = currentByKey[route.routingKey] == nil ? .create : .update
            return TopologyChange(action, kind: "route", name: route.routingKey, detail: "→ \(route.address)")
        }
        let deleted = current.sorted().filter { !wantedKeys.contains($0.routingKey) }.map {
            TopologyChange(.delete, kind: "route", name: $0.routingKey, detail: "→ \($0.address)")
        }
        return changed + deleted
    }

    /// The broker first: a route must never lead to a queue that is not bound yet. What is left over after a failure is
    /// in the next plan.
    func apply(to platform: Platform, recording operation: JobCore.Operation) async throws {
        try await platform.broker.apply(changes, of: topology)
        try await platform.store.saveRoutes(topology)
        try await roles?.apply(grants)
        // A queue's history begins while it is known to be empty.
        try await platform.sampleLanes(always: true)
        try await platform.store.record(operation)
    }

    func operation(by actor: String, reason: String?) -> JobCore.Operation {
        JobCore.Operation(
            kind: "topology.apply",
            subject: "\(all.count) changes",
            actor: actor,
            reason: reason,
            detail: ["changes": .list(all.map { "\($0.action.rawValue) \($0.kind) \($0.name)" })]
        )
    }

    /// - Parameter operation: of an applied plan; a plan that is only shown has none.
    func print(
        to output: CommandOutput,
        asJSON: Bool,
        platform: Platform,
        operation: String? = nil,
        onError: Bool = false
    ) {
        if asJSON {
            output.print([
                "operation": .string(operation), "changes": .array(all.map(\.json)), "deletions": .int(deletions),
                "by_hand": .int(byHand),
            ])
            return
        }
        let say: (String) -> Void = { onError ? output.error($0) : output.print($0) }
        say(platform.display)
        if all.isEmpty { return say("the topology is as declared") }
        let signs: [TopologyChange.Action: String] = [.create: "+", .update: "~", .delete: "-"]
        for change in all {
            say("  \(signs[change.action] ?? "?") \(change.kind) \(change.name)  \(change.detail)")
            for statement in change.sql { say("      sql: \(statement)") }
            if let command = change.command { say("      run: \(command)") }
        }
        if let operation { say("applied, operation \(operation)") }
    }
}

extension TopologyChange {
    fileprivate var json: JSONValue {
        [
            "action": .text(action.rawValue), "kind": .text(kind), "name": .text(name), "detail": .text(detail),
            "command": .string(command), "sql": .array(sql.map { .text($0) }),
        ]
    }
}
