import Crypto
import Foundation

extension JobID {
    /// The same id for the same text: a job that is enqueued again because nobody knows whether it was enqueued is then the
    /// same job. UUID version 8 (RFC 9562 §5.8), 122 bits of the text's SHA-256.
    public static func derived(from text: String) -> JobID {
        let digest = Array(SHA256.hash(data: Data(text.utf8)))
        func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        return JobID(
            high: word(digest[0..<8]) & ~0xF000 | 0x8000,
            low: word(digest[8..<16]) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        )
    }
}
