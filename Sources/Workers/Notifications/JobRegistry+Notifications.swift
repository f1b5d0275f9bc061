import JobCore

extension JobRegistry {
    mutating func registerNotifications() {
        register(EmailNotification.self) { try EmailNotificationWorker($0) }
        register(PushNotification.self) { try PushNotificationWorker($0) }
        register(SMSNotification.self) { try SMSNotificationWorker($0) }
        register(SendNotification.self) { try SendNotificationWorker($0) }
        register(DigestNotification.self) { _ in DigestNotificationWorker() }
        register(BroadcastNotification.self) { try BroadcastNotificationWorker($0) }
        register(DeviceUpdate.self) { _ in DeviceUpdateWorker() }
        register(ProfileUpdate.self) { _ in ProfileUpdateWorker() }
        register(TidyNotifications.self) { _ in TidyNotificationsWorker() }
        demonstrate(.emails)
        demonstrate(.devices)
        demonstrate(.pushes)
        add(FamilyMigration.notifications)
        add(FamilyErasure.notifications)
        for route in [FamilyRoute.twilioStatus, .twilioInbound, .unsubscribe, .unsubscribePage, .sesFeedback] {
            add(route)
        }
        let verbs: [FamilyVerb] = [
            .broadcastList, .broadcastPause, .broadcastResume, .broadcastCancel, .contactImport, .segmentLoad,
            .suppress,
            .readmit, .messages, .captured,
        ]
        for verb in verbs { add(verb) }
    }
}
