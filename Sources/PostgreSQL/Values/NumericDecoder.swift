/// PostgreSQL's binary numeric: int16 count of base-10000 digits, weight of the first, sign, decimals shown, digits.
enum NumericDecoder {
    private static let negative: UInt16 = 0x4000
    private static let special: [UInt16: String] = [0xC000: "NaN", 0xD000: "Infinity", 0xF000: "-Infinity"]

    static func decode(_ cell: UnsafeRawBufferPointer) throws(CellDecoder.Malformed) -> String {
        guard cell.count >= 8, cell.count.isMultiple(of: 2) else {
            throw CellDecoder.Malformed(reason: "short numeric")
        }
        let word = { (index: Int) in UInt16(bigEndian: cell.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)) }
        let count = Int(word(0))
        let weight = Int(Int16(bitPattern: word(1)))
        let sign = word(2)
        let scale = Int(word(3))
        if let name = special[sign] { return name }
        guard cell.count == 8 + count * 2, sign == 0 || sign == negative else {
            throw CellDecoder.Malformed(reason: "malformed numeric")
        }
        let group = { (index: Int) in index >= 0 && index < count ? word(4 + index) : 0 }

        var whole = ""
        if weight >= 0 {
            for index in 0...weight { whole += index == 0 ? "\(group(index))" : padded(group(index)) }
        }
        var fraction = ""
        var index = weight + 1
        while fraction.utf8.count < scale {
            fraction += padded(group(index))
            index += 1
        }
        let text = (whole.isEmpty ? "0" : whole) + (scale > 0 ? "." + fraction.prefix(scale) : "")
        return sign == negative ? "-" + text : text
    }

    private static func padded(_ group: UInt16) -> String {
        let digits = "\(group)"
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
}
