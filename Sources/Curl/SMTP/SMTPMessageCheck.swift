/// The rules a message must keep so that every server reads the same mail: bare CR or LF is how one mail is smuggled
/// inside another, and libcurl does not normalise.
enum SMTPMessageCheck {
    static func check(_ message: [UInt8], maxBytes: Int) throws(SMTPError) {
        guard !message.isEmpty else { throw .invalidEnvelope(.message, reason: "empty") }
        guard message.count <= maxBytes else { throw .invalidEnvelope(.message, reason: "too_large") }
        var lineLength = 0
        var previous: UInt8 = 0
        for byte in message {
            guard byte < 0x80, byte != 0 else { throw .invalidEnvelope(.message, reason: "not_ascii") }
            guard (byte == 0x0A) == (previous == 0x0D) else {
                throw .invalidEnvelope(.message, reason: "bare_line_end")
            }
            lineLength = byte == 0x0A ? 0 : lineLength + 1
            guard lineLength <= 999 else { throw .invalidEnvelope(.message, reason: "line_too_long") }
            previous = byte
        }
        guard previous == 0x0A else { throw .invalidEnvelope(.message, reason: "no_final_line_end") }
    }
}
