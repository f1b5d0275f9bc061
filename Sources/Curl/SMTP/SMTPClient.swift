/// Hands mails to one SMTP server, each once: retries belong to the job layer. Connections with their TLS and login stay
/// open between mails (60 s idle), and the one used last is used first. Safe from any task.
package final class SMTPClient: Sendable {
    private let configuration: SMTPConfiguration
    private let gate: TransferGate
    /// One per connection, because libcurl blocks a loop while it waits for the answer to a mail's end of data.
    private let loops: [CurlLoop]

    package init(_ configuration: SMTPConfiguration) {
        self.configuration = configuration
        let connections = max(1, configuration.maxConnections)
        gate = TransferGate(slots: connections, maxWaiting: configuration.maxWaiting)
        loops = (0..<connections).map { CurlLoop(name: "smtp-\($0)", maxConnections: 1) }
    }

    deinit { for loop in loops { loop.stop() } }

    /// Returns when the server has taken the mail.
    ///
    /// - Parameter message: RFC 5322 in ASCII, lines ended by CRLF, at most 998 bytes each.
    ///
    /// Cancelling the task ends the dialogue; after the mail was handed over the error is then `unknownOutcome`.
    package func deliver(_ envelope: SMTPEnvelope, message: [UInt8]) async throws(SMTPError) -> SMTPReceipt {
        try SMTPMessageCheck.check(message, maxBytes: configuration.maxMessageBytes)
        let entered = ContinuousClock.now
        let slot: Int
        do { slot = try await gate.enter(patience: configuration.timeout) } catch { throw SMTPError(error) }
        defer { gate.leave(slot) }
        let deadline = entered + configuration.timeout
        var plan = plan(envelope, message)
        var result = try await run(plan, slot, until: deadline)
        if isStale(result) {
            plan.needsNewConnection = true
            result = try await run(plan, slot, until: deadline)
        }
        var receipt = try SMTPVerdict.judge(
            failure: result.failure,
            detail: result.detail,
            dialogue: result.dialogue ?? SMTPDialogue(bodyBytes: message.count),
            recipients: envelope.recipients
        ).get()
        receipt.openedConnection = result.openedConnection
        return receipt
    }

    /// Aborts what is under way and refuses what comes (`closed`).
    package func close() {
        gate.close()
        for loop in loops { loop.stop() }
    }

    private func run(
        _ plan: TransferPlan,
        _ slot: Int,
        until deadline: ContinuousClock.Instant
    ) async throws(SMTPError) -> TransferResult {
        var plan = plan
        plan.timeouts.total = deadline - ContinuousClock.now
        guard plan.timeouts.total > .zero else { throw .timeout }
        return await loops[slot].run(plan)
    }

    private func isStale(_ result: TransferResult) -> Bool {
        guard let dialogue = result.dialogue else { return false }
        return SMTPVerdict.isStaleConnection(
            failure: result.failure,
            dialogue: dialogue,
            openedConnection: result.openedConnection
        )
    }

    private func plan(_ envelope: SMTPEnvelope, _ message: [UInt8]) -> TransferPlan {
        TransferPlan(
            url: configuration.curlURL,
            exchange: .smtp(
                from: "<\(envelope.from.text)>",
                recipients: envelope.recipients.map { "<\($0.text)>" },
                useTLS: configuration.security == .startTLS
            ),
            body: message,
            // No stall limit: a server may think for long after the end of data, and giving up then means not knowing.
            timeouts: TransferTimeouts(
                total: configuration.timeout,
                connect: configuration.connectTimeout,
                stalled: nil
            ),
            maxResponseBytes: 0,
            tls: configuration.verification,
            credentials: configuration.credentials,
            addresses: .any
        )
    }
}
