import Crypto
import CryptoExtras
import Foundation
import JobCore

/// Signs mails as RFC 6376 has it: rsa-sha256, relaxed on both sides. The same mail gets the same signature.
struct DKIMSigner: Sendable {
    /// Signed where they are there; RFC 8058 wants the two of List-Unsubscribe among them.
    private static let names = [
        "from", "to", "reply-to", "subject", "date", "message-id", "mime-version", "content-type",
        "content-transfer-encoding", "auto-submitted", "list-id", "list-unsubscribe", "list-unsubscribe-post",
    ]

    private let domain: String
    private let selector: String
    private let key: _RSA.Signing.PrivateKey

    init(domain: String, selector: String, pem: String) throws {
        self.domain = domain
        self.selector = selector
        key = try _RSA.Signing.PrivateKey(pemRepresentation: pem)
    }

    /// The mail with a signature before its other headers.
    /// - Parameter seconds: of the signature, since 1970.
    func sign(_ mail: ComposedMail, at seconds: Int64) throws -> ComposedMail {
        let (headers, body) = Self.parts(mail.bytes)
        let digest = Data(SHA256.hash(data: Data(Self.relaxed(body: body)))).base64EncodedString()
        let signed = Self.names.filter { name in headers.contains { $0.name == name } }
        let value =
            "v=1; a=rsa-sha256; c=relaxed/relaxed; d=\(domain); s=\(selector); t=\(seconds); "
            + "h=\(signed.joined(separator: ":")); bh=\(digest); b="
        var input = ""
        for name in signed {
            // Of several the last one counts; this composer writes one of each.
            if let header = headers.last(where: { $0.name == name }) { input += "\(name):\(header.value)\r\n" }
        }
        input += "dkim-signature:\(value)"
        let signature = try key.signature(for: SHA256.hash(data: Data(input.utf8)), padding: .insecurePKCS1v1_5)
        let text = signature.rawRepresentation.base64EncodedString()
        var lines = "DKIM-Signature: \(value.replacing("; ", with: ";\r\n "))"
        // White space inside b= counts for nothing, and lines stay short.
        for start in stride(from: 0, to: text.count, by: 72) {
            lines += "\r\n " + text.dropFirst(start).prefix(72)
        }
        return ComposedMail(
            messageID: mail.messageID,
            envelope: mail.envelope,
            bytes: Array("\(lines)\r\n".utf8) + mail.bytes
        )
    }

    /// Header fields in relaxed form, and the body's bytes.
    private static func parts(_ bytes: [UInt8]) -> (headers: [(name: String, value: String)], body: ArraySlice<UInt8>) {
        let end = bytes.firstRange(of: [13, 10, 13, 10])
        let head = String(decoding: bytes[..<(end?.lowerBound ?? bytes.endIndex)], as: UTF8.self)
        let unfolded = head.replacing("\r\n ", with: " ").replacing("\r\n\t", with: " ")
        let headers = unfolded.split(separator: "\r\n").compactMap { line -> (String, String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].split(whereSeparator: { $0 == " " || $0 == "\t" })
            return (line[..<colon].lowercased(), value.joined(separator: " "))
        }
        return (headers, bytes[(end?.upperBound ?? bytes.endIndex)...])
    }

    /// Runs of blanks become one, blanks at a line's end and empty lines at the end go.
    private static func relaxed(body: ArraySlice<UInt8>) -> [UInt8] {
        var lines: [[UInt8]] = []
        for line in body.split(separator: 10, omittingEmptySubsequences: false) {
            var output: [UInt8] = []
            var isBlank = false
            for byte in line where byte != 13 {
                if byte == 0x20 || byte == 0x09 {
                    isBlank = true
                } else {
                    if isBlank { output.append(0x20) }
                    isBlank = false
                    output.append(byte)
                }
            }
            lines.append(output)
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.flatMap { $0 + [13, 10] }
    }
}
