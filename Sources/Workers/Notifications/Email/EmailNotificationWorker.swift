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
        do {
            let receipt = try await transport.deliver(mail)
            context.logger.debug("mail handed over", metadata: ["reference": "\(receipt.reference)"])
            return .done
        } catch {
            throw JobError(error)
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
                dateMilliseconds: context.enqueuedAt.milliseconds
            )
            return try message.composed()
        } catch {
            throw JobError.dead("bad_address", error.explanation)
        }
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
