import Curl
public import JobCore
import Logging

/// Renders, composes and hands over one mail. Message-ID, Date and MIME boundary come from the job, so that a mail sent
/// twice (a lost answer, a crash before the acknowledgement) is the same mail for every reader.
public struct EmailNotificationWorker: Worker {
    private let settings: EmailSettings
    private let templates: EmailTemplates
    private let transport: any EmailTransport

    /// Reads the environment and the templates. Errors name the variable or the file.
    public init(_ resources: WorkerResources) throws {
        let settings = try EmailSettings(resources.environment)
        self.init(
            settings: settings,
            templates: try EmailTemplates(folder: EmailSettings.templateFolder(resources)),
            transport: try settings.makeTransport()
        )
        resources.logger.info("mails go out", metadata: ["transport": "\(settings)"])
    }

    init(settings: EmailSettings, templates: EmailTemplates, transport: any EmailTransport) {
        self.settings = settings
        self.templates = templates
        self.transport = transport
    }

    public func perform(_ job: EmailNotification, _ context: JobContext) async throws -> Outcome {
        let mail = try compose(job, context)
        if let reason = try await suppression(job, context) {
            context.logger.info("the address is not written to", metadata: ["reason": "\(reason.rawValue)"])
            return .done
        }
        let isOnce = job.list != nil && !transport.isIdempotent
        if isOnce, try await !claim(job, context) {
            context.logger.info("another run of the job has the mail")
            return .done
        }
        do throws(EmailTransportError) {
            let receipt = try await transport.deliver(mail)
            context.logger.debug("mail handed over", metadata: ["reference": "\(receipt.reference)"])
        } catch {
            if isOnce { try await settle(error.mayHaveArrived ? .unknown : nil, job, context) }
            if error.saysNobodyIsThere {
                let bounce = Suppression(.email, job.to, .bounce)
                try await context.transaction(step: "bounce") { session in try session.suppress([bounce]) }
            }
            throw JobError(error)
        }
        if isOnce { try await settle(.sent, job, context) }
        return .done
    }

    /// A mail of a list goes rather not at all than twice: its row is there before it is handed over.
    private func claim(_ job: EmailNotification, _ context: JobContext) async throws -> Bool {
        let (id, record) = (context.id, MessageRecord(job.to, .email, provider: "mail", .sending))
        return try await context.write { session throws(StoreError) in try !session.claim([record], of: id).isEmpty }
    }

    /// - Parameter state: nil for a mail that was surely not taken: the next attempt may claim it again.
    private func settle(
        _ state: MessageRecord.State?,
        _ job: EmailNotification,
        _ context: JobContext
    ) async throws(StoreError) {
        let (id, to) = (context.id, job.to)
        try await context.write { session throws(StoreError) in
            if let state {
                try session.keep([MessageRecord(to, .email, provider: "mail", state)], of: id)
            } else {
                try session.withdraw([to], of: id)
            }
        }
    }

    /// Why this address takes no mails, or none of this list. A bounce or a complaint holds for all of them.
    private func suppression(_ job: EmailNotification, _ context: JobContext) async throws -> Suppression.Reason? {
        let (address, list) = (job.to, job.list ?? "")
        return try await context.read { session throws(StoreError) in
            try session.suppression(.email, address, list: list)
        }
    }

    func compose(_ job: EmailNotification, _ context: JobContext) throws -> ComposedMail {
        let rendered: EmailTemplates.Rendered
        do {
            let values = job.variables.mapValues(\.text)
            rendered = try templates.render(job.template, locale: job.locale, values: values)
        } catch {
            throw JobError.dead("bad_template", error.explanation)
        }
        guard job.list.map(MustacheSource.isName) ?? true else {
            throw JobError.dead("bad_address", "list is of a-z, 0-9 and _")
        }
        do {
            let message = MailMessage(
                from: settings.from,
                to: [try Mailbox(job.to)],
                replyTo: try job.replyTo.map { address throws(MailMessageError) in
                    try Mailbox(address, field: .replyTo)
                },
                subject: rendered.subject,
                text: rendered.text,
                html: rendered.html,
                messageID: try MessageID("\(context.id)@\(settings.messageIDDomain)"),
                dateMilliseconds: context.enqueuedAt.milliseconds,
                listUnsubscribe: job.list.flatMap { settings.links?.link(address: job.to, list: $0) },
                listID: job.list.map { "\($0.replacing("_", with: "-")).\(settings.messageIDDomain)" }
            )
            let mail = try message.composed()
            guard let signer = settings.signer else { return mail }
            return try signer.sign(mail, at: context.enqueuedAt.milliseconds / 1000)
        } catch let error as MailMessageError {
            throw JobError.dead("bad_address", error.explanation)
        }
    }
}

extension EmailTransportError {
    fileprivate var mayHaveArrived: Bool {
        switch self {
        case .smtp(.unknownOutcome): true
        case .ses(let refusal): refusal.meaning == .unknown
        case .smtp, .capture: false
        }
    }

    /// The mailbox or its domain does not exist (RFC 3463 X.1.1, X.1.2, X.1.10).
    fileprivate var saysNobodyIsThere: Bool {
        guard case .smtp(.permanent(let reply)) = self, let enhanced = reply.enhanced else { return false }
        return ["5.1.1", "5.1.2", "5.1.10"].contains(enhanced)
    }
}

extension JobError {
    /// The labels are those that `jobs/notifications.yaml` has rules for.
    fileprivate init(_ error: EmailTransportError) {
        switch error {
        case .capture(let code):
            self = .retry("mail_capture", "the mail could not be written to the capture folder (errno \(code))")
        case .smtp(let error):
            self.init(error)
        case .ses(let refusal):
            switch refusal.meaning {
            case .message: self = .dead(refusal.label, refusal.text)
            case .later, .unknown: self = .retry(refusal.label, refusal.text)
            case .server: self = .park("ses", refusal.label, refusal.text)
            }
        }
    }

    private init(_ error: SMTPError) {
        switch error {
        case .invalidEnvelope(let field, let reason):
            self = .dead("bad_address", "\(field.rawValue): \(reason)")
        case .authentication:
            self = .retry("smtp_auth", "the relay refused the login: check JOBS_SMTP_USERNAME and its password")
        case .tls(let reason):
            self = .retry("smtp_unavailable", "no trusted TLS with the relay: \(reason)")
        case .connect, .timeout, .overloaded, .closed:
            self = .retry("smtp_unavailable", "the relay does not answer (\(error.label))")
        case .temporary(let reply) where reply.code == 421:
            self = .retry("smtp_unavailable", "the relay closes (421)")
        case .temporary(let reply):
            self = .retry("smtp_deferred", "the relay said \(reply)")
        case .permanent(let reply):
            self = .dead("smtp_rejected", "the relay said \(reply)")
        case .unknownOutcome(let loss):
            self = .retry(
                "smtp_unknown",
                "handed over, but no answer came (\(loss.rawValue)); repeated with the same Message-ID"
            )
        case .cancelled:
            self = .retry("cancelled", "cancelled before the mail was handed over")
        case .fault(let code):
            self = .retry("smtp_fault", "libcurl failed with code \(code)")
        }
    }
}
