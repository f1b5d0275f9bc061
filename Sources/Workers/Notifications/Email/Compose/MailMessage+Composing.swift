internal import Curl

extension MailMessage {
    /// The largest body part taken, before encoding.
    private static let maxPartBytes = 1 << 20

    /// Headers and body as they go over the wire. Header injection is impossible by construction: every value is checked
    /// for control characters before it is written, and line ends come from the writer alone.
    package func composed() throws(MailMessageError) -> ComposedMail {
        try check()
        var writer = MailHeaderWriter()
        writer.write("Date", [MailDate.text(milliseconds: dateMilliseconds)])
        writer.write("From", from.tokens)
        writer.write("To", Mailbox.tokens(to))
        if let replyTo { writer.write("Reply-To", replyTo.tokens) }
        writer.write("Subject", HeaderText.tokens(subject))
        writer.write("Message-ID", ["<\(messageID.text)>"])
        writer.write("MIME-Version", ["1.0"])
        if isAutomatic { writer.write("Auto-Submitted", ["auto-generated"]) }
        if let listID { writer.write("List-ID", ["<\(listID)>"]) }
        if let listUnsubscribe {
            // One line: a folded one has broken DKIM signatures on some relays.
            writer.write("List-Unsubscribe", ["<\(listUnsubscribe)>"])
            writer.write("List-Unsubscribe-Post", ["List-Unsubscribe=One-Click"])
        }
        appendBody(to: &writer)
        return ComposedMail(messageID: messageID, envelope: try envelope(), bytes: writer.bytes)
    }

    private func appendBody(to writer: inout MailHeaderWriter) {
        guard let html else {
            writer.appendPart("text/plain", text)
            return
        }
        let boundary = messageID.boundary
        writer.write("Content-Type", ["multipart/alternative;", "boundary=\"\(boundary)\""])
        for (type, content) in [("text/plain", text), ("text/html", html)] {
            writer.append("\r\n--\(boundary)\r\n")
            writer.appendPart(type, content)
        }
        writer.append("\r\n--\(boundary)--\r\n")
    }

    private func envelope() throws(MailMessageError) -> SMTPEnvelope {
        do {
            return try SMTPEnvelope(from: envelopeFrom ?? from.address, recipients: to.map(\.address))
        } catch {
            throw .recipientCount
        }
    }

    private func check() throws(MailMessageError) {
        guard 1...100 ~= to.count else { throw .recipientCount }
        try Self.check(from.name, .from, maxBytes: 256)
        for mailbox in to { try Self.check(mailbox.name, .to, maxBytes: 256) }
        try Self.check(replyTo?.name, .replyTo, maxBytes: 256)
        try Self.check(subject, .subject, maxBytes: 2048)
        guard text.utf8.count <= Self.maxPartBytes else { throw .tooLong(.text) }
        if let html, html.utf8.count > Self.maxPartBytes { throw .tooLong(.html) }
        if let listUnsubscribe { try Self.check(unsubscribe: listUnsubscribe) }
        if let listID {
            try Self.check(listID, .listID, maxBytes: 253)
            guard (try? MailAddress("list@\(listID)")) != nil else { throw .malformed(.listID) }
        }
    }

    private static func check(unsubscribe url: String) throws(MailMessageError) {
        try check(url, .listUnsubscribe, maxBytes: 900)
        let isPlain = url.utf8.allSatisfy { 0x21...0x7E ~= $0 && $0 != 0x3C && $0 != 0x3E && $0 != 0x22 }
        guard isPlain, url.hasPrefix("https://"), url.utf8.count > 8 else { throw .malformed(.listUnsubscribe) }
    }

    private static func check(
        _ value: String?,
        _ field: MailMessageError.Field,
        maxBytes: Int
    ) throws(MailMessageError) {
        guard let value else { return }
        guard value.utf8.count <= maxBytes else { throw .tooLong(field) }
        let breaksLines = value.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
        guard !breaksLines else { throw .controlCharacter(field) }
    }
}
