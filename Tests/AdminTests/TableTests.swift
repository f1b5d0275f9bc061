import Synchronization
import Testing

@testable import Admin
@testable import JobCore

@Suite struct TableTests {
    private func printed(_ body: (CommandOutput) -> Void) -> [String] {
        let lines = Mutex<[String]>([])
        body(CommandOutput(isStyled: false) { text, _ in lines.withLock { $0.append(text) } })
        return lines.withLock { $0 }
    }

    @Test func `columns are aligned, and control characters of strangers stay out of the terminal`() {
        let lines = printed { output in
            var table = Table("platform", [("NAME", .left), ("COUNT", .right)])
            table.append(["mail", "7"])
            table.append(["a\u{1B}[31mb\n", "1234567"])
            table.flush(to: output)
            table.append(["later", "8"])
            table.end(to: output, empty: "nothing")
        }
        #expect(
            lines == [
                "platform", "NAME        COUNT", "mail            7", "a [31mb   1234567", "later           8",
            ]
        )
    }

    @Test func `an empty table says so under the platform's name`() {
        let lines = printed { output in
            var table = Table("platform", [("NAME", .left)])
            table.end(to: output, empty: "nothing")
        }
        #expect(lines == ["platform", "nothing"])
    }

    @Test func `a JSON list is one array, an element a line`() {
        #expect(printed { CommandOutput.list($0)().end() } == ["[]"])
        let lines = printed { output in
            var list = output.list()
            for number in 1...3 { list.append(.int(number)) }
            list.end()
        }
        #expect(lines == ["[", "1,", "2,", "3", "]"])
    }

    @Test(arguments: [
        (Duration.zero, "0 s"), (.milliseconds(412), "0.4 s"), (.seconds(12), "12 s"), (.seconds(250), "4 m 10 s"),
        (.seconds(11_100), "3 h 5 m"), (.seconds(187_200), "2 d 4 h"), (.seconds(-12), "-12 s"),
    ])
    func `durations are spoken in two units`(_ duration: Duration, _ words: String) {
        #expect(Spoken.duration(duration) == words)
    }

    @Test func `JSON escapes what it must and says unknown for what it cannot say`() {
        let value: JSONValue = [
            "a\"b": .text("\u{1}\n\\é"), "n": .double(.infinity), "s": .seconds(.milliseconds(1500)),
            "w": .seconds(.seconds(2)),
        ]
        #expect(value.text == #"{"a\"b":"\u0001\n\\é","n":null,"s":1.5,"w":2}"#)
    }
}
