/// Decides what became of a mail from how its transfer ended and how far the dialogue got. One pure function.
package enum SMTPVerdict {
    package static func judge(
        failure: TransferFailure?,
        detail: String,
        dialogue: SMTPDialogue,
        recipients: [MailAddress]
    ) -> Result<SMTPReceipt, SMTPError> {
        guard let failure else { return .success(receipt(dialogue, recipients)) }
        // libcurl reports refusals as several of its codes: what the server said tells more.
        if let reply = dialogue.lastReply, reply.isNegative { return .failure(refusal(reply, dialogue, failure)) }
        if dialogue.stage == .handedOver { return .failure(afterHandOver(failure, dialogue)) }
        switch failure {
        case .resolve, .connect, .refusedAddress, .lost, .protocolViolation, .tooLarge:
            return .failure(.connect(detail))
        case .tls: return .failure(.tls(detail))
        case .login: return .failure(.authentication(nil))
        case .timeout: return .failure(.timeout)
        case .cancelled: return .failure(.cancelled)
        case .closed: return .failure(.closed)
        case .malformedURL: return .failure(.fault(code: 3))
        case .fault(let code): return .failure(.fault(code: code))
        }
    }

    /// An idle connection was taken over and the server had already hung up on it, with 421 or without a word. Nothing of
    /// the mail was accepted, so sending it on a new connection is still the first try. (libcurl notices a closed socket by
    /// itself, but takes one with an unread 421 for alive.)
    package static func isStaleConnection(
        failure: TransferFailure?,
        dialogue: SMTPDialogue,
        openedConnection: Bool
    ) -> Bool {
        guard let failure, !openedConnection, dialogue.stage <= .sender else { return false }
        return dialogue.lastReply.map { $0.code == 421 } ?? (failure == .lost)
    }

    private static func receipt(_ dialogue: SMTPDialogue, _ recipients: [MailAddress]) -> SMTPReceipt {
        var receipt = SMTPReceipt(reply: dialogue.lastReply)
        for (index, recipient) in recipients.enumerated() {
            if index < dialogue.recipientReplies.count, dialogue.recipientReplies[index].isNegative {
                receipt.refused.append(.init(recipient: recipient, reply: dialogue.recipientReplies[index]))
            } else {
                receipt.accepted.append(recipient)
            }
        }
        return receipt
    }

    private static func refusal(_ reply: SMTPReply, _ dialogue: SMTPDialogue, _ failure: TransferFailure) -> SMTPError {
        if failure == .tls { return .tls("\(reply)") }
        switch dialogue.stage {
        case .opening: return .temporary(reply)  // a 5xx here is about the server, not about this mail
        case .authenticating: return reply.isTemporary ? .temporary(reply) : .authentication(reply)
        case .recipients:
            // All were refused; one that may come good later keeps the mail alive.
            let hopeful = dialogue.recipientReplies.last { $0.isTemporary }
            return verdict(hopeful ?? reply)
        case .sender, .data, .body, .handedOver: return verdict(reply)
        }
    }

    private static func verdict(_ reply: SMTPReply) -> SMTPError {
        if reply.isTemporary { return .temporary(reply) }
        // "Authentication required" and "Must issue STARTTLS first" are for the operator; the mail is innocent.
        return [530, 534, 535, 538].contains(reply.code) ? .authentication(reply) : .permanent(reply)
    }

    private static func afterHandOver(_ failure: TransferFailure, _ dialogue: SMTPDialogue) -> SMTPError {
        switch failure {
        case .timeout: .unknownOutcome(.timeout)
        case .cancelled, .closed: .unknownOutcome(.cancelled)
        default: .unknownOutcome(.connectionLost)
        }
    }
}
