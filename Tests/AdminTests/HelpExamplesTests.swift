import ArgumentParser
import Testing

@testable import Admin

/// The help of every verb shows how it is typed, and what it shows is understood.
@Suite struct HelpExamplesTests {
    @Test func `every verb has examples that parse as that verb`() throws {
        var verbs = 0
        for verb in Self.leaves(of: RootCommand.self) where verb.configuration.shouldDisplay {
            let lines = verb.configuration.discussion.split(separator: "\n")
                .map { $0.trimmingPrefix(while: \.isWhitespace) }
            let examples = lines.filter { $0.hasPrefix("jobctl ") }
            #expect(!examples.isEmpty, "\(verb) has no example")
            for example in examples {
                let words = Self.words(example)
                let parsed = try RootCommand.parseAsRoot(Array(words.dropFirst()))
                #expect(type(of: parsed) == verb, "\(example) is a \(type(of: parsed))")
            }
            verbs += 1
        }
        #expect(verbs > 60)
    }

    private static func leaves(of command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
        let parts = command.configuration.subcommands
        return parts.isEmpty ? [command] : parts.flatMap(leaves)
    }

    /// As a shell splits them; quotes keep spaces. A pipe or `&` ends the command.
    private static func words(_ line: some StringProtocol) -> [String] {
        var words: [String] = []
        var word = ""
        var quote: Character?
        for character in line {
            if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == " " {
                if !word.isEmpty { words.append(word) }
                word = ""
            } else {
                word.append(character)
            }
        }
        if !word.isEmpty { words.append(word) }
        return Array(words.prefix { $0 != "|" && $0 != "&" })
    }
}
