/// What a broken or hostile broker may say on an open channel: plausible frames in any order, then damaged. The same seed
/// gives the same bytes.
struct HostileTraffic {
    private var state: UInt64
    private var delivered: UInt64 = 0

    init(seed: UInt64) {
        state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    }

    private mutating func random(_ limit: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(limit))
    }

    mutating func bytes(channel: UInt16, tag: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0...random(5) { bytes += plausible(channel, tag) }
        for _ in 0..<random(5) { damage(&bytes) }
        return bytes
    }

    private mutating func plausible(_ channel: UInt16, _ tag: String) -> [UInt8] {
        let channel = random(8) == 0 ? UInt16(random(5)) : channel
        let number = random(4) == 0 ? UInt64.max : UInt64(random(6))
        let multiple = UInt8(random(2))
        switch random(14) {
        case 0, 1, 2:
            delivered += 1
            let next = random(8) == 0 ? number : delivered
            return FakeFrame.deliver(channel, tag: tag, number: next, Array(repeating: 7, count: random(300)))
        case 3: return FakeFrame.method(channel, 60, 80, FakeFrame.big(number) + [multiple])
        case 4: return FakeFrame.method(channel, 60, 120, FakeFrame.big(number) + [multiple])
        case 5: return FakeFrame.returned(channel, Array(repeating: 7, count: random(300)))
        case 6: return FakeFrame.content(channel, Array(repeating: 7, count: random(300)))
        case 7: return FakeFrame.method(channel, 60, 30, FakeFrame.short(tag) + [1])
        case 8: return FakeFrame.method(0, 10, 60, FakeFrame.short("low on memory"))
        case 9: return FakeFrame.method(0, 10, 61)
        case 10: return FakeFrame.method(channel, 20, 40, closing(406))
        case 11: return FakeFrame.method(0, 10, 50, closing(320))
        case 12: return FakeFrame.method(channel, UInt16(random(100)), UInt16(random(130)), noise(random(40)))
        default: return FakeFrame.frame(UInt8(random(10)), channel, noise(random(60)))
        }
    }

    private func closing(_ code: UInt16) -> [UInt8] {
        FakeFrame.big(code) + FakeFrame.short("because") + FakeFrame.big(UInt32(0))
    }

    private mutating func noise(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: random(256)) }
    }

    private mutating func damage(_ bytes: inout [UInt8]) {
        guard bytes.count > 8 else { return }
        let position = random(bytes.count - 4)
        switch random(7) {
        case 0: bytes[position] ^= 1 << UInt8(random(8))
        case 1: bytes[position] = UInt8(random(256))
        case 2: bytes.removeLast(random(bytes.count / 2))
        case 3: bytes.insert(contentsOf: bytes[position..<min(bytes.count, position + random(40))], at: position)
        case 4: bytes.removeSubrange(position..<min(bytes.count, position + random(12)))
        case 5: bytes.replaceSubrange(position..<position + 4, with: [0xFF, 0xFF, 0xFF, 0xFF])
        default: bytes.replaceSubrange(position..<position + 4, with: [0, 0, 0, 0])
        }
    }
}
