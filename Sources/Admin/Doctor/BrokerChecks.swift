import JobCore

/// The broker's part: reachable, well, and as the declarations want it.
struct BrokerChecks {
    private let platform: Platform
    private let manifest: Manifest?

    init(_ platform: Platform, _ manifest: Manifest?) {
        self.platform = platform
        self.manifest = manifest
    }

    func run() async -> [Checkup] {
        do throws(BrokerError) {
            let began = ContinuousClock.now
            try await platform.broker.ping()
            let answer = Checkup.good("broker", "answers in \(Checkup.milliseconds(began.duration(to: .now)))")
            return [answer, await topology()] + (await platform.broker.examine().map(Checkup.init))
        } catch {
            return [.failed("broker", error)]
        }
    }

    private func topology() async -> Checkup {
        guard let manifest else { return .unknown("topology", "not compared: no declarations") }
        do {
            let plan = try await TopologyPlan(manifest.topology, platform)
            guard plan.isEmpty else {
                return .bad(
                    "topology",
                    "\(plan.count) differences from the declarations",
                    remedy: "jobctl topology plan"
                )
            }
            return .good("topology", "as declared")
        } catch {
            return .failed("topology", error)
        }
    }
}

extension Checkup {
    fileprivate init(_ finding: BrokerFinding) {
        self =
            switch finding.isWell {
            case true?: .good(finding.name, finding.detail)
            case false?: .bad(finding.name, finding.detail, remedy: finding.remedy ?? "jobctl help")
            case nil: .unknown(finding.name, finding.detail)
            }
    }
}
