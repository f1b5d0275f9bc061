import JobCore

/// What can be sent: the templates of every channel, and the categories.
struct MessageBook: Sendable {
    let push: MessageTemplates
    let sms: MessageTemplates
    let email: EmailTemplates
    let categories: MessageCategories
    let zones = ZoneMemory()

    init(folder: String, environment: [String: String]) throws {
        push = try PushNotificationWorker.templates(folder: "\(folder)/templates/push")
        sms = try SMSNotificationWorker.templates(folder: "\(folder)/templates/sms")
        let mails = environment["JOBS_MAIL_TEMPLATES_DIR"].flatMap { $0.isEmpty ? nil : $0 }
        email = try EmailTemplates(folder: mails ?? "\(folder)/templates/email")
        categories = try MessageCategories(file: "\(folder)/preferences/categories.yaml")
    }

    init(_ resources: WorkerResources) throws {
        try self.init(folder: resources.jobsDirectory, environment: resources.environment)
    }

    func channels(with template: String) -> Set<Channel> {
        var channels: Set<Channel> = []
        if push.names.contains(template) { channels.insert(.push) }
        if sms.names.contains(template) { channels.insert(.sms) }
        if email.names.contains(template) { channels.insert(.email) }
        return channels
    }

    func category(_ name: String) throws(JobError) -> MessageCategory {
        guard let category = categories[name] else {
            let known = categories.names.joined(separator: ", ")
            throw .dead("bad_category", "no category of that name; there are \(known)")
        }
        return category
    }
}
