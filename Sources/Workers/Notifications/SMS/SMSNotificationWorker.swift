public import JobCore
import Logging

/// Sends one text message. Its row is there before the provider is asked, so that a message whose answer was lost, or whose
/// process died, is known as one that may have been sent: it is looked for at the provider, and never simply sent again.
public struct SMSNotificationWorker: Worker {
    /// A provider lists a message a moment after it took it.
    private static let lookUpDelay: Duration = .seconds(30)

    private let templates: MessageTemplates
    private let settings: SMSSettings

    /// Reads the environment and the templates. Errors name the variable or the file.
    public init(_ resources: WorkerResources) throws {
        self.init(
            templates: try Self.templates(folder: "\(resources.jobsDirectory)/templates/sms"),
            settings: try SMSSettings(resources.environment)
        )
        resources.logger.info("text messages go out", metadata: ["transport": "\(settings)"])
    }

    init(templates: MessageTemplates, settings: SMSSettings) {
        self.templates = templates
        self.settings = settings
    }

    static func templates(folder: String) throws(TemplateError) -> MessageTemplates {
        try MessageTemplates(folder: folder, parts: [.init("text", isLine: true)])
    }

    public func perform(_ job: SMSNotification, _ context: JobContext) async throws -> Outcome {
        if let end = job.usefulUntil, end <= .now() {
            context.logger.info("not worth reading any more")
            return .done
        }
        let order = try order(job)
        guard let provider = settings.provider else { return try await capture(order, job, context) }
        let id = context.id
        let before = try await context.read { session throws(StoreError) in
            try session.messages(of: id).first { $0.recipient == order.to.text }
        }
        switch before?.state {
        case .sending?:
            try await keep(.unknown, error: "interrupted", order, job, context)
            throw JobError.retry(after: Self.lookUpDelay, "sms_unknown", "a process ended while it was handed over")
        case .unknown?:
            switch await provider.find(order, since: context.enqueuedAt) {
            case .there(let sid):
                try await keep(.queued, id: sid, order, job, context)
                return .done
            case .absent: break
            case .unknown:
                // A first attempt may be the one that got no answer, handed out again: only a later one gives up.
                guard context.attempt > 1 else {
                    throw JobError.retry(
                        after: Self.lookUpDelay,
                        "sms_unknown",
                        "no answer came, and none can be asked for"
                    )
                }
                try await keep(.refused, error: "sms_unknown", order, job, context)
                throw JobError.dead(
                    "sms_unknown",
                    "handed to \(provider.name) without an answer, and it cannot be asked: a replay sends it again"
                )
            case .unreachable(let text):
                throw JobError.park(provider.name, "\(provider.name)_unreachable", text)
            }
        case .queued?, .sent?, .captured?, .failed?, .delivered?, .read?: return .done
        // Given up before it could be buried; a replay begins with attempt 1.
        case .refused? where before?.error == "sms_unknown" && context.attempt > 1:
            throw JobError.dead("sms_unknown", "handed over without an answer: a replay sends it again")
        case .refused?, .gone?, nil: break
        }
        guard try await begin(order, job, context, isAgain: before != nil) else { return .done }
        return try await conclude(await provider.send(order), order, job, context, provider.name)
    }

    private func order(_ job: SMSNotification) throws(JobError) -> SMSOrder {
        guard let number = PhoneNumber(job.to) else {
            throw .dead("sms_bad_number", "to is no number in E.164, such as +5531999990000")
        }
        guard settings.countries[number.callingCode] != nil else {
            let allowed = settings.countries.keys.sorted().map { "+\($0)" }.joined(separator: ", ")
            throw .dead(
                "sms_country_refused",
                "+\(number.callingCode) is not written to, only \(allowed): see JOBS_SMS_COUNTRIES"
            )
        }
        let rendered: MessageTemplates.Rendered
        do {
            rendered = try templates.render(job.template, locale: job.locale, values: job.variables.mapValues(\.text))
        } catch {
            throw .dead("bad_template", error.explanation)
        }
        let text = SMSText(rendered["text"])
        guard text.segments <= settings.maxSegments else {
            throw .dead(
                "sms_too_long",
                "\(text.segments) parts in \(text.alphabet.rawValue), at most \(settings.maxSegments) are paid for"
            )
        }
        return SMSOrder(to: number, text: text, isPromotional: job.promotional, usefulUntil: job.usefulUntil)
    }

    /// The last look before it goes: false when the person does not want it. Uses one of the country's day.
    private func begin(
        _ order: SMSOrder,
        _ job: SMSNotification,
        _ context: JobContext,
        isAgain: Bool
    ) async throws -> Bool {
        let (id, daily) = (context.id, settings.countries[order.to.callingCode] ?? 0)
        let record = record(.sending, order, job)
        return try await context.transaction(step: "begin \(context.attempt)") { session in
            if let reason = try session.suppression(.sms, order.to.text) {
                context.logger.info("the person takes no text messages", metadata: ["reason": "\(reason.rawValue)"])
                return false
            }
            if isAgain {
                try session.keep([record], of: id)
            } else {
                guard try !session.claim([record], of: id).isEmpty else {
                    context.logger.info("another run of the job has the message")
                    return false
                }
                let (country, day) = ("sms:\(order.to.callingCode)", try session.now().day)
                guard try session.takeCap(country, "country", cap: daily, day: day, for: id) else {
                    throw JobError.dead(
                        "sms_country_limit",
                        "the day's \(daily) messages to +\(order.to.callingCode) are used: see JOBS_SMS_COUNTRIES"
                    )
                }
            }
            return true
        }
    }

    private func conclude(
        _ verdict: SMSVerdict,
        _ order: SMSOrder,
        _ job: SMSNotification,
        _ context: JobContext,
        _ provider: String
    ) async throws -> Outcome {
        let id = context.id
        switch verdict {
        case .queued(let sid):
            let record = record(.queued, id: sid, order, job)
            try await context.transaction(step: "end \(context.attempt)") { session in
                var record = record
                if let early = try session.takeEarlyReport(sid), early.state.rank > record.state.rank {
                    (record.state, record.error) = (early.state, early.error)
                }
                try session.keep([record], of: id)
            }
            return .done
        case .optedOut:
            let record = record(.refused, error: "opted_out", order, job)
            try await context.transaction(step: "end \(context.attempt)") { session in
                try session.keep([record], of: id)
                try session.suppress([Suppression(.sms, order.to.text, .optOut)])
            }
            context.logger.info("the person has told the carrier to stop")
            return .done
        case .refused(let label, let message):
            try await keep(.refused, error: label, order, job, context)
            throw JobError.dead(label, message)
        case .later(let after, let label, let message):
            try await withdraw(order, context)
            throw JobError.retry(after: after, label, message)
        case .down(let label, let message):
            try await withdraw(order, context)
            throw JobError.park(provider, label, message)
        case .unknown(let message):
            try await keep(.unknown, error: "sms_unknown", order, job, context)
            throw JobError.retry(after: Self.lookUpDelay, "sms_unknown", message)
        }
    }

    /// It was surely not taken: the next attempt begins anew.
    private func withdraw(_ order: SMSOrder, _ context: JobContext) async throws {
        let id = context.id
        try await context.transaction(step: "withdraw \(context.attempt)") { session in
            try session.withdraw([order.to.text], of: id)
        }
    }

    private func keep(
        _ state: MessageRecord.State,
        id sid: String? = nil,
        error: String? = nil,
        _ order: SMSOrder,
        _ job: SMSNotification,
        _ context: JobContext
    ) async throws {
        let (id, record) = (context.id, record(state, id: sid, error: error, order, job))
        try await context.transaction(step: "\(state.rawValue) \(context.attempt)") { session in
            try session.keep([record], of: id)
        }
    }

    private func capture(_ order: SMSOrder, _ job: SMSNotification, _ context: JobContext) async throws -> Outcome {
        let (id, user) = (context.id, job.userID)
        let record = record(.captured, order, job)
        let content = Array(order.text.text.utf8)
        try await context.transaction { session in
            guard try session.suppression(.sms, order.to.text) == nil else { return }
            try session.keep([record], of: id)
            try session.capture([(id, user, order.to.text, content)], .sms)
        }
        return .done
    }

    private func record(
        _ state: MessageRecord.State,
        id: String? = nil,
        error: String? = nil,
        _ order: SMSOrder,
        _ job: SMSNotification
    ) -> MessageRecord {
        MessageRecord(
            order.to.text,
            .sms,
            userID: job.userID,
            provider: settings.provider?.name ?? "capture",
            providerID: id,
            state,
            error: error,
            segments: order.text.segments
        )
    }
}
