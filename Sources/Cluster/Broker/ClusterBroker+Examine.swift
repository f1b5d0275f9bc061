package import JobCore
import RabbitMQ

extension ClusterBroker {
    /// Versions, alarms with the node they come from, and keys that lead to more than one queue. Where the management API is
    /// not set, or does not answer, only the alarm can be told, without its source.
    package func examine() async -> [BrokerFinding] {
        guard let management else {
            let bindings = BrokerFinding("bindings", isWell: nil, "not compared: JOBS_MANAGEMENT_URL is not set")
            return [await alarmed() ?? BrokerFinding("alarms", isWell: true, "none"), bindings]
        }
        do throws(BrokerError) {
            return [
                try await version(management), try await alarms(management), try await doubleBindings(management),
            ]
        } catch {
            let reason =
                switch error {
                case .unavailable(let text), .refused(let text), .queueMissing(let text): text
                case .stale: error.label
                }
            return [BrokerFinding("management", isWell: nil, reason), await alarmed()].compactMap { $0 }
        }
    }

    private func alarmed() async -> BrokerFinding? {
        guard let reason = await alarm() else { return nil }
        return BrokerFinding("alarms", isWell: false, "the broker takes no jobs: \(reason)", remedy: Self.remedy)
    }

    private static let remedy =
        "rabbitmq-diagnostics alarms; make room there, and let workers empty what jobctl queues shows"

    /// Dead-lettering at least once between quorum queues came with it (RabbitMQ 3.10.0's release notes).
    private static let oldest = [3, 10]

    private func version(_ management: ManagementClient) async throws(BrokerError) -> BrokerFinding {
        let version = try await management.version()
        let numbers = version.split(separator: ".").compactMap { Int($0) }
        guard numbers.lexicographicallyPrecedes(Self.oldest) else {
            return BrokerFinding("broker version", isWell: true, "RabbitMQ \(version)")
        }
        return BrokerFinding(
            "broker version",
            isWell: false,
            "RabbitMQ \(version) can lose dead letters",
            remedy: "upgrade to RabbitMQ 3.10 or later"
        )
    }

    /// The API's figures are some seconds old (`collect_statistics_interval`, 5 s): an alarm that they do not have yet is asked for.
    private func alarms(_ management: ManagementClient) async throws(BrokerError) -> BrokerFinding {
        let nodes = try await management.nodes()
        let down = nodes.filter { !$0.isRunning }.map { "\($0.name) is down" }
        let alarms = nodes.flatMap(\.alarms)
        if !alarms.isEmpty {
            return BrokerFinding("alarms", isWell: false, (alarms + down).joined(separator: "; "), remedy: Self.remedy)
        }
        if !down.isEmpty {
            return BrokerFinding(
                "alarms",
                isWell: false,
                down.joined(separator: "; "),
                remedy: "start it again: a majority of the nodes must run"
            )
        }
        if let alarmed = await alarmed() { return alarmed }
        return BrokerFinding("alarms", isWell: true, "none on \(nodes.count == 1 ? "1 node" : "\(nodes.count) nodes")")
    }

    /// A key that leads to two queues runs each of its jobs twice: somebody has bound a queue by hand, or an older
    /// topology was not taken away.
    private func doubleBindings(_ management: ManagementClient) async throws(BrokerError) -> BrokerFinding {
        let exchange = prefix + Topology.strictExchange
        let bindings = try await management.bindings(of: exchange)
        let double = Dictionary(grouping: bindings, by: \.routingKey)
            .mapValues { $0.map(\.queue).sorted() }.filter { $0.value.count > 1 }.sorted { $0.key < $1.key }
        guard !double.isEmpty else {
            return BrokerFinding("bindings", isWell: true, "each key leads to one queue")
        }
        let named = double.prefix(5).map { "\($0.key) goes to \($0.value.joined(separator: " and "))" }
        return BrokerFinding(
            "bindings",
            isWell: false,
            "\(named.joined(separator: "; ")): each of these jobs runs more than once",
            remedy: "jobctl topology plan, then jobctl topology apply takes away what is not declared"
        )
    }
}
