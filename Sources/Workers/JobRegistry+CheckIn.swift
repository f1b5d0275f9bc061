public import JobCore

extension JobRegistry {
    /// CheckIn's job families: one line a type.
    public static func checkIn() -> JobRegistry {
        var registry = JobRegistry()
        registry.register(EmailNotification.self) { try EmailNotificationWorker($0) }
        registry.demonstrate(.emails)
        registry.register(AnalyticsDaily.self) { _ in AnalyticsDailyWorker() }
        registry.add(.analytics)
        registry.add(CheckinLoader.verb)
        return registry
    }
}
