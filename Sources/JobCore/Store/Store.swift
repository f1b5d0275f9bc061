/// The platform's memory: everything that waits, that failed, or that must be remembered. What it knows is in the
/// extensions beside the stages they serve (`Store+Waiting`, `Store+DeadLetters`, …); this is only the way in.
package struct Store: Sendable {
    package let driver: any StoreDriver
    /// The platform's own steps and those of the families, in order.
    let migrations: [Migration]

    /// - Parameter families: the steps that job families add.
    package init(driver: any StoreDriver, families: [Migration] = []) {
        self.driver = driver
        migrations = Migration.all + families.sorted { $0.version < $1.version }
    }

    /// The database's clock, with the round trip it took.
    package func now() async throws(StoreError) -> Timestamp {
        try await driver.read { session throws(StoreError) in try session.now() }
    }
}
