import Crypto
import Foundation

/// Groups letters that died of the same cause: job, error type, and the message without what differs each time.
package enum Fingerprint {
    /// 16 hex digits of a SHA-256: 64 bits keep a million groups apart.
    package static func of(job: String, failure: Failure) -> String {
        let digest = SHA256.hash(data: Data("\(job)\n\(failure.label)\n\(normalised(failure.message))".utf8))
        return digest.prefix(8).hexadecimal
    }

    /// Numbers, hexadecimal runs, quoted text and addresses become one mark each; only the first line and its first
    /// 512 bytes count.
    package static func normalised(_ message: String) -> String {
        let line = message.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: true).first ?? ""
        var result: [UInt8] = []
        var word: [UInt8] = []
        var quote: UInt8?
        func flush() {
            guard !word.isEmpty else { return }
            let varies = word.contains(where: isDigit) || word.contains(UInt8(ascii: "@"))
            result.append(contentsOf: varies ? [UInt8(ascii: "#")] : word)
            word.removeAll(keepingCapacity: true)
        }
        for byte in line.utf8.prefix(512) {
            if let open = quote {
                if byte == open { quote = nil }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "`"):
                flush()
                result.append(UInt8(ascii: "'"))
                quote = byte
            case UInt8(ascii: " "), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "("), UInt8(ascii: ")"),
                UInt8(ascii: "="):
                flush()
                result.append(byte)
            default:
                word.append(byte)
            }
        }
        flush()
        return String(decoding: result, as: UTF8.self)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
