import Testing

@testable import Workers

@Suite struct CSVReaderTests {
    private func read(_ text: String, chunk: Int = .max) throws -> [[String]] {
        var reader = CSVReader()
        var bytes = Array(text.utf8)[...]
        var records: [[String]] = []
        while !bytes.isEmpty {
            records += try reader.take(bytes.prefix(chunk)).map(\.fields)
            bytes = bytes.dropFirst(chunk)
        }
        if let last = try reader.finish() { records.append(last.fields) }
        return records
    }

    @Test(arguments: [1, 2, 7, Int.max])
    func `records come out whatever the chunks`(chunk: Int) throws {
        let text = "a,b\r\n1,\"x, \"\"y\"\"\nz\"\n\n,\n\"\",é"
        #expect(try read(text, chunk: chunk) == [["a", "b"], ["1", "x, \"y\"\nz"], ["", ""], ["", "é"]])
    }

    @Test func `each record knows its line`() throws {
        var reader = CSVReader()
        let records = try reader.take(Array("a\n\"b\nc\"\nd\n".utf8))
        #expect(records.map(\.line) == [1, 2, 4])
    }

    @Test(arguments: [("\"abc", "not closed"), ("\"a\"b\n", "after a closing quote")])
    func `what is no CSV is refused with its line`(text: String, reason: String) {
        let error = #expect(throws: CSVReader.Failure.self) { try read(text) }
        #expect(error?.reason.contains(reason) == true)
        #expect(error?.line == 1)
    }

    @Test func `a record without end, and bytes that are no text, are refused`() {
        #expect(throws: CSVReader.Failure.self) { try read(String(repeating: "x", count: CSVReader.longestRecord + 1)) }
        var reader = CSVReader()
        #expect(throws: CSVReader.Failure.self) { try reader.take([0xFF, 0x0A]) }
    }
}
