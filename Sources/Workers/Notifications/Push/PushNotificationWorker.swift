public import JobCore
import Logging

/// Sends one message to every device of a person. What each device's provider said is kept under the job, so a retry sends
/// only what failed. A device that gets a message twice, because a process died between the hand-over and the record, shows
/// it once: both have the job's collapse id.
public struct PushNotificationWorker: Worker {
    private let templates: MessageTemplates
    private let outbound: PushOutbound
    private let desk = PushDesk()

    /// Reads the environment and the templates. Errors name the variable or the file.
    public init(_ resources: WorkerResources) throws {
        self.init(
            templates: try Self.templates(resources),
            outbound: try PushOutbound(resources.environment)
        )
        resources.logger.info("pushes go out", metadata: ["transport": "\(outbound)"])
    }

    init(templates: MessageTemplates, outbound: PushOutbound) {
        self.templates = templates
        self.outbound = outbound
    }

    static func templates(_ resources: WorkerResources) throws(TemplateError) -> MessageTemplates {
        try templates(folder: "\(resources.jobsDirectory)/templates/push")
    }

    static func templates(folder: String) throws(TemplateError) -> MessageTemplates {
        try MessageTemplates(folder: folder, parts: [.init("title", isLine: true), .init("body", isLine: true)])
    }

    public func perform(_ job: PushNotification, _ context: JobContext) async throws -> Outcome {
        if let end = job.usefulUntil, end <= .now() {
            context.logger.info("not worth showing any more")
            return .done
        }
        let id = context.id
        let (devices, before) = try await desk.look(PushDesk.Question(user: job.userID, job: id), context)
        // What a provider refused is tried again when a person replays the job, and by no retry.
        let ended = Set(before.filter { context.attempt > 1 || $0.state != .refused }.map(\.recipient))
        var open = devices.filter { !ended.contains($0.recipient) }
        // Before anything is claimed: a template that is wrong must not cost the message.
        let contents = try open.map { device in try content(job, device, context) }
        let shown = Dictionary(zip(open.map(\.recipient), contents), uniquingKeysWith: { first, _ in first })
        if job.once, !outbound.providers.isEmpty { open = try await claim(open, job, context) }
        var attempt = PushAttempt(job, id: id)
        await withTaskGroup(of: (Device, PushContent, PushVerdict?).self) { group in
            for device in open {
                guard let content = shown[device.recipient] else { continue }
                let provider = outbound.providers[device.platform]
                group.addTask { (device, content, await provider?.send(content, to: device, id: id)) }
            }
            for await (device, content, verdict) in group { attempt.take(verdict, device, content) }
        }
        if !attempt.findings.isEmpty { try await desk.keep(attempt.findings, context) }
        return try await conclude(attempt, before: before.map(\.state), job, context)
    }

    /// The devices that no other run of this job has had. What is captured needs no claim: it is written once.
    private func claim(_ devices: [Device], _ job: PushNotification, _ context: JobContext) async throws -> [Device] {
        let (id, user) = (context.id, job.userID)
        let records = devices.filter { outbound.providers[$0.platform] != nil }.map {
            MessageRecord($0.recipient, .push, userID: user, provider: $0.platform.rawValue, .sending)
        }
        guard !records.isEmpty else { return devices }
        let ours = try await context.transaction(step: "claim \(context.attempt)") { session in
            try session.claim(records, of: id)
        }
        return devices.filter { outbound.providers[$0.platform] == nil || ours.contains($0.recipient) }
    }

    private func content(
        _ job: PushNotification,
        _ device: Device,
        _ context: JobContext
    ) throws(JobError) -> PushContent {
        let rendered: MessageTemplates.Rendered
        do {
            rendered = try templates.render(
                job.template,
                locale: device.locale ?? job.locale,
                values: job.variables.mapValues(\.text)
            )
        } catch {
            throw .dead("bad_template", error.explanation)
        }
        let collapse = job.collapseID ?? context.id.description
        guard 1...64 ~= collapse.utf8.count, collapse.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            throw .dead("bad_push", "collapse_id has 1 to 64 bytes of ASCII without spaces")
        }
        guard job.thread.map({ 1...64 ~= $0.utf8.count }) ?? true else {
            throw .dead("bad_push", "thread has 1 to 64 bytes")
        }
        guard job.url.map(MessageTemplates.isWebAddress) ?? true else {
            throw .dead("bad_push", "url is not an https address")
        }
        return PushContent(
            title: rendered["title"],
            body: rendered["body"],
            url: job.url,
            badge: job.badge,
            collapseID: collapse,
            thread: job.thread,
            expiresAt: job.usefulUntil,
            isUrgent: job.urgent
        )
    }

    private func conclude(
        _ attempt: PushAttempt,
        before: [MessageRecord.State],
        _ job: PushNotification,
        _ context: JobContext
    ) async throws -> Outcome {
        if let (dependency, label, message) = attempt.down { throw JobError.park(dependency, label, message) }
        if let later = attempt.later { throw JobError.retry(after: later.after, later.label, later.message) }
        let states =
            (context.attempt > 1 ? before : before.filter { $0 != .refused }) + attempt.findings.records.map(\.state)
        if states.contains(where: { [.sent, .captured, .unknown, .sending].contains($0) }) { return .done }
        if !job.fallback.isEmpty {
            let next = SendNotification(
                userID: job.userID,
                template: job.template,
                variables: job.variables,
                category: job.category,
                channels: job.fallback,
                url: job.url,
                usefulUntil: job.usefulUntil
            )
            try await context.enqueue(next, .id(.derived(from: "\(context.id) fallback")))
            context.logger.info("no device was reached: the next channel is tried")
            return .done
        }
        if let refusal = attempt.refusal { throw JobError.dead(refusal.label, refusal.message) }
        context.logger.info("the person has no device any more")
        return .done
    }
}

/// What one attempt has found out, device by device.
private struct PushAttempt: Sendable {
    private(set) var findings: PushDesk.Findings
    private let isOnce: Bool
    private(set) var later: (after: Duration?, label: String, message: String)?
    private(set) var down: (dependency: String, label: String, message: String)?
    private(set) var refusal: (label: String, message: String)?

    init(_ job: PushNotification, id: JobID) {
        findings = PushDesk.Findings(job: id, user: job.userID)
        isOnce = job.once
    }

    /// - Parameter verdict: nil where there is no provider.
    mutating func take(_ verdict: PushVerdict?, _ device: Device, _ content: PushContent) {
        let user = findings.user
        func record(_ state: MessageRecord.State, id: String? = nil, error: String? = nil) -> MessageRecord {
            MessageRecord(
                device.recipient,
                .push,
                userID: user,
                provider: device.platform.rawValue,
                providerID: id,
                state,
                error: error
            )
        }
        switch verdict {
        case nil:
            findings.captures.append((device.recipient, PushOutbound.captured(content, device, now: .now())))
            findings.records.append(record(.captured))
        case .sent(let id)?: findings.records.append(record(.sent, id: id))
        case .gone(let since)?:
            findings.gone.append((device, since))
            findings.records.append(record(.gone))
        case .refused(let label, let message)?:
            findings.records.append(record(.refused, error: label))
            refusal = refusal ?? (label, message)
        case .later(_, let label, _)? where isOnce && PushVerdict.mayHaveArrived(label):
            findings.records.append(record(.unknown, error: label))
        case .later(let after, let label, let message)?:
            if isOnce { findings.untaken.append(device.recipient) }
            // The longest wait of all: one retry serves them.
            if let known = later, (known.after ?? .zero) >= (after ?? .zero) { return }
            later = (after, label, message)
        case .down(let label, let message)?:
            if isOnce { findings.untaken.append(device.recipient) }
            down = down ?? (device.platform.rawValue, label, message)
        }
    }
}
