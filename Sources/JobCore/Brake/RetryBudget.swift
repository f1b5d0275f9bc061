import Synchronization

/// Keeps retries a share of the work, so that a dependency in trouble is not hit by everything at once again: each first
/// attempt of a type earns a fraction of a retry, and what is not earned waits for the longest delay of its policy. In this
/// process only; a new one begins with its reserve. No job dies of it.
final class RetryBudget: Sendable {
    /// Retries that a type has at hand when nothing was earned yet.
    static let reserve = 100.0
    /// Earned in a second in any case, so that a rare job is tried again when its policy says.
    static let perSecond = 10.0

    private struct Account {
        var balance = RetryBudget.reserve
        var asOf: ContinuousClock.Instant
    }

    private let accounts = Mutex<[JobName: Account]>([:])
    private let hasAccounts = Atomic(false)

    /// False until something has been tried again: most processes never ask for more.
    var isInUse: Bool { hasAccounts.load(ordering: .relaxed) }

    /// A first attempt has ended.
    func earn(_ job: JobName, percent: Int) {
        guard percent > 0, percent < 100 else { return }
        accounts.withLock { accounts in
            guard accounts[job] != nil else { return }
            accounts[job]?.balance += Double(percent) / 100
        }
    }

    /// False when the retry is to wait. A budget of 100 % is none.
    func spend(_ job: JobName, percent: Int, now: ContinuousClock.Instant = .now) -> Bool {
        guard percent < 100 else { return true }
        hasAccounts.store(true, ordering: .relaxed)
        return accounts.withLock { accounts in
            var account = accounts[job] ?? Account(asOf: now)
            account.balance = min(
                RetryBudget.reserve,
                account.balance + account.asOf.duration(to: now).seconds * RetryBudget.perSecond
            )
            account.asOf = now
            defer { accounts[job] = account }
            guard account.balance >= 1 else { return false }
            account.balance -= 1
            return true
        }
    }
}
