import Foundation
import Testing

@Suite("The README's example")
struct ReadmeExampleTests {
    private static func block(of file: String, from begin: String, to end: String) throws -> [Substring] {
        var repository = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { repository.deleteLastPathComponent() }
        let text = try String(contentsOf: repository.appendingPathComponent(file), encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let first = try #require(lines.firstIndex(of: begin[...]))
        let last = try #require(lines.firstIndex(of: end[...]))
        return lines[(first + 1)..<last].filter { !$0.hasPrefix("```") }
    }

    @Test("it is the program in Examples/hello, to the letter")
    func same() throws {
        let readme = try Self.block(of: "README.md", from: "<!-- example:begin -->", to: "<!-- example:end -->")
        let program = try Self.block(
            of: "Examples/hello/Sources/hello/Hello.swift",
            from: "// example:begin",
            to: "// example:end"
        )
        #expect(readme == program)
        #expect(readme.count { !$0.isEmpty } <= 22)
    }
}
