public import JobCore

extension JobRegistry {
    /// CheckIn's job families.
    public static func checkIn() -> JobRegistry {
        var registry = JobRegistry()
        registry.registerNotifications()
        registry.register(AnalyticsDaily.self) { _ in AnalyticsDailyWorker() }
        registry.add(.analytics)
        registry.add(CheckinLoader.verb)
        return registry
    }
}
