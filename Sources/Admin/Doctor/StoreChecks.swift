import JobCore

/// The store's part: reachable, readable by this build, clock in step.
struct StoreChecks {
    /// A larger difference makes due times and lag of other hosts look wrong.
    private static let toleratedOffset: Duration = .milliseconds(500)

    private let store: Store
    private let profile: Profile

    init(_ platform: Platform) {
        store = platform.store
        profile = platform.profile
    }

    func run() async -> [Checkup] {
        do throws(StoreError) {
            _ = try await store.now()
            let (before, began) = (Timestamp.now(), ContinuousClock.now)
            let theirs = try await store.now()
            let roundTrip = began.duration(to: .now)
            let offset = theirs.duration(since: before.advanced(by: roundTrip / 2))
            return [
                Checkup.good("store", "answers in \(Checkup.milliseconds(roundTrip))"), await schema(), clock(offset),
                await uniqueKeys(), await login(),
            ].compactMap { $0 }
        } catch {
            return [.failed("store", error)]
        }
    }

    private func schema() async -> Checkup {
        do throws(StoreError) {
            let plan = try await store.migrationPlan()
            guard plan.pending.isEmpty else {
                let steps = plan.pending.map(\.name).joined(separator: ", ")
                return .bad("schema", "at \(plan.current), this build adds: \(steps)", remedy: "jobctl migrate apply")
            }
            try await store.checkSchema()
            return .good("schema", "at \(plan.current), as this build wants it")
        } catch {
            return .failed("schema", error)
        }
    }

    /// Which server it is, and what this login may do there: the words are those of `roles` in jobs/.
    private func login() async -> Checkup? {
        do throws(StoreError) {
            guard let login = try await store.login() else { return nil }
            return .good("login", "PostgreSQL \(login.version), \(login.name): \(login.role.rawValue)")
        } catch {
            return .failed("login", error)
        }
    }

    private func uniqueKeys() async -> Checkup {
        do throws(StoreError) {
            let book = try await store.uniqueKeys()
            guard !book.idle.isEmpty else { return .good("unique keys", "\(book.held) held") }
            let oldest = book.idle.map { "\"\($0.name)\" by \($0.owner) for \(Spoken.duration($0.age))" }
            return .good(
                "unique keys",
                "\(book.held) held; for over an hour by jobs that neither wait nor run: \(oldest.joined(separator: ", "))",
                remedy: "jobctl queues shows whether they are still ready; a key ends by itself after its time"
            )
        } catch {
            return .failed("unique keys", error)
        }
    }

    private func clock(_ offset: Duration) -> Checkup {
        let size = offset < .zero ? .zero - offset : offset
        guard size > StoreChecks.toleratedOffset else {
            return .good("clock", "this host and the store differ by \(Checkup.milliseconds(size))")
        }
        let side = offset < .zero ? "ahead of" : "behind"
        return .bad(
            "clock",
            "this host is \(Spoken.duration(size)) \(side) the store",
            remedy: "synchronise the clocks (chrony or systemd-timesyncd) of this host and of the database's"
        )
    }
}

extension Checkup {
    static func milliseconds(_ duration: Duration) -> String {
        let tenths = (duration.seconds * 10_000).rounded() / 10
        return "\(tenths) ms"
    }
}
