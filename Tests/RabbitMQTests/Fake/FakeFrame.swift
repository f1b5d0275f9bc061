/// Frames as a broker sends them (AMQP 0-9-1 §2.3, method numbers from its XML).
enum FakeFrame {
    static func method(_ channel: UInt16, _ classID: UInt16, _ methodID: UInt16, _ arguments: [UInt8] = []) -> [UInt8] {
        frame(1, channel, big(classID) + big(methodID) + arguments)
    }

    static func frame(_ type: UInt8, _ channel: UInt16, _ payload: [UInt8]) -> [UInt8] {
        [type] + big(channel) + big(UInt32(payload.count)) + payload + [0xCE]
    }

    /// A message that follows a deliver or a return: header with message-id and one header field, then its body.
    static func content(_ channel: UInt16, _ body: [UInt8], id: String = "m") -> [UInt8] {
        let table = short("x-job-attempt") + [UInt8(ascii: "I")] + big(UInt32(1))
        let properties = big(UInt16(0x2080)) + big(UInt32(table.count)) + table + short(id)
        let header = big(UInt16(60)) + big(UInt16(0)) + big(UInt64(body.count)) + properties
        return frame(2, channel, header) + (body.isEmpty ? [] : frame(3, channel, body))
    }

    static func deliver(_ channel: UInt16, tag: String, number: UInt64, _ body: [UInt8]) -> [UInt8] {
        method(channel, 60, 60, short(tag) + big(number) + [0] + short("") + short("q")) + content(channel, body)
    }

    static func returned(_ channel: UInt16, _ body: [UInt8]) -> [UInt8] {
        method(channel, 60, 50, big(UInt16(312)) + short("NO_ROUTE") + short("x") + short("k")) + content(channel, body)
    }

    static func big<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> T(T.bitWidth - 8 - 8 * $0)) }
    }

    static func short(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + text.utf8 }
}
