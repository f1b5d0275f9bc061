import ArgumentParser
import JobCore

struct DoctorCommand: JobsCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check the whole platform and say what to do; exits 3 when something is wrong.",
        discussion: """
            jobctl doctor
            """
    )

    @OptionGroup var output: OutputOptions

    func execute(_ context: CommandContext) async throws {
        var title = "no platform"
        var checks: [Checkup] = []
        let declarations = Declarations(context)
        checks += declarations.checks
        do {
            let configuration = try PlatformConfiguration.fromEnvironment(context.environment)
            checks.insert(.good("configuration", configuration.summary), at: 0)
            if let transport = TransportCheck(configuration).run() { checks.append(transport) }
            checks.append(.good("data key", configuration.seal?.spoken ?? "none: payloads are stored as they are"))
            try await context.withPlatform(.look) { platform in
                title = platform.display
                checks += await StoreChecks(platform).run()
                checks += await BrokerChecks(platform, declarations.manifest).run()
                checks += await WorkChecks(platform, declarations.manifest).run()
                checks += await LoopChecks(platform, declarations.manifest).run()
                for outbox in platform.outboxes { checks.append(await OutboxLook(outbox).checkup) }
                if platform.profile == .embedded {
                    checks.append(.good("outbox", "none on the embedded profile; enqueue by HTTP, Swift or jobctl"))
                }
                if case .embedded(let path) = configuration.choice { checks += FileChecks(path).run() }
            }
        } catch let error as ConfigurationError {
            checks.insert(.failed("configuration", error), at: 0)
        } catch {
            checks.append(.failed("store", error))
        }
        print(checks, title, context.output)
        if checks.contains(where: { $0.isOK == false }) { throw ExitRequest(.checkFailed) }
    }

    private func print(_ checks: [Checkup], _ title: String, _ output: CommandOutput) {
        if self.output.json {
            var list = output.list()
            for check in checks { list.append(check.json) }
            return list.end()
        }
        output.print(title)
        let width = checks.map(\.name.count).max() ?? 0
        for check in checks {
            let mark = check.isOK.map { $0 ? "ok     " : "PROBLEM" } ?? "unknown"
            let name = check.name + String(repeating: " ", count: width - check.name.count)
            output.print("\(mark)  \(name)  \(check.detail)")
            if let remedy = check.remedy {
                output.print("         " + String(repeating: " ", count: width) + "  do: \(remedy)")
            }
        }
    }
}

extension PayloadSeal {
    fileprivate var spoken: String {
        let older = names.dropFirst().joined(separator: ", ")
        return "payloads are sealed with \(names[0])" + (older.isEmpty ? "" : "; \(older) still open")
    }
}

extension PlatformConfiguration {
    /// Which kinds, never an address: those come with the platform's display.
    fileprivate var summary: String {
        switch choice {
        case .embedded: "embedded: one SQLite file is broker and store"
        case .cluster(_, _, let management):
            "cluster: RabbitMQ and PostgreSQL" + (management == nil ? ", without management API" : "")
        }
    }
}
