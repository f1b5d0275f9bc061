/// Follows one mail's dialogue from what went over the wire, to tell afterwards how far it got: above all whether the
/// connection was lost before or after the whole mail was handed over.
package struct SMTPDialogue: Sendable, Equatable {
    package enum Stage: Int, Comparable, Sendable {
        /// Greeting, EHLO, STARTTLS and AUTH: about the server and us, not about the mail.
        case opening, authenticating, sender, recipients, data
        /// The server said 354.
        case body
        /// All of the mail was written; from here on the server may have taken it.
        case handedOver

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    package private(set) var stage = Stage.opening
    /// The complete answer to the last command, nil while it is owed.
    package private(set) var lastReply: SMTPReply?
    /// In the order of the RCPT commands.
    package private(set) var recipientReplies: [SMTPReply] = []

    private let bodyBytes: Int
    private var bodyBytesSent = 0
    /// libcurl said QUIT, as it does after a refusal: what follows is not about the mail.
    private var hasEnded = false
    private var partialLine: [UInt8] = []
    private var replyLines: [String] = []

    /// A reply of more lines, or with a longer one, is cut.
    private static let maxReplyLines = 64
    private static let maxLineBytes = 2048

    /// - Parameter bodyBytes: the message's size before dot-stuffing.
    package init(bodyBytes: Int) { self.bodyBytes = bodyBytes }

    package mutating func sent(_ command: UnsafeRawBufferPointer) {
        let verb = String(decoding: command.prefix { $0 > 0x20 }.prefix(8), as: UTF8.self).uppercased()
        if verb == "QUIT" { hasEnded = true }
        guard !hasEnded else { return }
        lastReply = nil
        replyLines = []
        partialLine = []
        switch verb {
        case "EHLO", "HELO", "STARTTLS": stage = .opening
        case "AUTH": stage = .authenticating
        case "MAIL": stage = .sender
        case "RCPT": stage = .recipients
        case "DATA": stage = .data
        default: break  // answers to AUTH challenges
        }
    }

    package mutating func received(_ bytes: UnsafeRawBufferPointer) {
        guard !hasEnded else { return }
        for byte in bytes {
            if byte == 0x0A {
                complete(line: partialLine)
                partialLine = []
            } else if partialLine.count < Self.maxLineBytes, byte != 0x0D {
                partialLine.append(byte)
            }
        }
        // libcurl hands over whole lines; one without its end is complete as well.
        if !partialLine.isEmpty {
            complete(line: partialLine)
            partialLine = []
        }
    }

    package mutating func sentBody(_ count: Int) {
        guard stage >= .data else { return }
        let (total, overflow) = bodyBytesSent.addingReportingOverflow(count)
        bodyBytesSent = overflow ? .max : total
        // Dot-stuffing only adds bytes, so this errs on the side of "may have been taken".
        if bodyBytesSent >= bodyBytes { stage = .handedOver }
    }

    private mutating func complete(line: [UInt8]) {
        guard line.count >= 3, line.prefix(3).allSatisfy({ 0x30...0x39 ~= $0 }) else { return }
        let code = line.prefix(3).reduce(0) { $0 * 10 + Int($1 - 0x30) }
        if replyLines.count < Self.maxReplyLines {
            replyLines.append(String(decoding: line.dropFirst(4), as: UTF8.self))
        }
        if line.count > 3, line[3] == 0x2D { return }
        let reply = SMTPReply(code: code, lines: replyLines)
        replyLines = []
        lastReply = reply
        if stage == .recipients { recipientReplies.append(reply) }
        if stage == .data, code == 354 {
            stage = .body
            lastReply = nil
        }
    }
}
