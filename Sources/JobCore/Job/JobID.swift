import Foundation

/// A job's identity: a UUID, made as version 7 (RFC 9562 §5.7) so that ids sort by birth and index well.
public struct JobID: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A fresh id from the wall clock, to a 4096th of a millisecond (RFC 9562 §6.2, method 3), and 62 random bits: ids that one
    /// process makes one after the other are in order, also within a millisecond.
    public init() {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let (milliseconds, rest) = (time.tv_nsec / 1_000_000, time.tv_nsec % 1_000_000)
        self.init(
            at: Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(milliseconds)),
            fraction: UInt64(rest) * 4096 / 1_000_000
        )
    }

    /// - Parameter fraction: of the millisecond, in 4096ths; nil for random bits.
    package init(at time: Timestamp, fraction: UInt64? = nil) {
        // One call into the kernel for both words; a generator would make one for each.
        var random: (UInt64, UInt64) = (0, 0)
        let drawn = withUnsafeMutableBytes(of: &random) { getentropy($0.baseAddress, $0.count) == 0 }
        if !drawn { random = (.random(in: .min ... .max), .random(in: .min ... .max)) }
        let milliseconds = UInt64(clamping: time.milliseconds) & 0xFFFF_FFFF_FFFF
        high = milliseconds << 16 | 0x7000 | (fraction ?? random.0) & 0xFFF
        low = 0x8000_0000_0000_0000 | random.1 & 0x3FFF_FFFF_FFFF_FFFF
    }

    /// Reads the 36-character text form, in either case. Any version is accepted: producers choose their own.
    public init?(_ text: some StringProtocol) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var digits = 0
        var position = 0
        for byte in text.utf8 {
            if position == 8 || position == 13 || position == 18 || position == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                guard digits < 32, let value = JobID.hexValue(byte) else { return nil }
                if digits < 16 { high = high << 4 | value } else { low = low << 4 | value }
                digits += 1
            }
            position += 1
        }
        guard digits == 32, position == 36 else { return nil }
        self.high = high
        self.low = low
    }

    private static func hexValue(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}

extension JobID: CustomStringConvertible {
    public var description: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            var position = 0
            for nibble in 0..<32 {
                if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
                    buffer[position] = UInt8(ascii: "-")
                    position += 1
                }
                let word = nibble < 16 ? high : low
                let shift = UInt64(60 - 4 * (nibble & 15))
                let digit = UInt8(truncatingIfNeeded: word >> shift & 0xF)
                buffer[position] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
                position += 1
            }
            return 36
        }
    }
}
