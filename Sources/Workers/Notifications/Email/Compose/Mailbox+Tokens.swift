internal import Curl

extension Mailbox {
    /// The name as words, a quoted string or encoded words, then the address in angle brackets.
    var tokens: [String] {
        let bracketed = "<\(address.text)>"
        // Runs of spaces mean nothing in a name, and readers treat them differently.
        let words = (name ?? "").split(separator: " ")
        return words.isEmpty ? [bracketed] : Self.nameTokens(words.joined(separator: " ")) + [bracketed]
    }

    static func tokens(_ mailboxes: [Mailbox]) -> [String] {
        var tokens: [String] = []
        for (index, mailbox) in mailboxes.enumerated() {
            var own = mailbox.tokens
            if index < mailboxes.count - 1, let last = own.popLast() { own.append(last + ",") }
            tokens += own
        }
        return tokens
    }

    private static func nameTokens(_ name: String) -> [String] {
        if name.utf8.allSatisfy({ 0x20...0x7E ~= $0 }), !name.contains("=?"), !isPhrase(name[...]) {
            let quoted = "\"" + name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
            if quoted.utf8.count <= HeaderText.maxEncodedWord { return [quoted] }
        }
        // Only the words that need it are encoded, neighbours together: some readers put a space between two encoded
        // words of a name, where the rules say none.
        var tokens: [String] = []
        var run: [Substring] = []
        for word in name.split(separator: " ") {
            guard isPhrase(word), word.utf8.count <= HeaderText.maxEncodedWord else {
                run.append(word)
                continue
            }
            if !run.isEmpty { tokens += HeaderText.encodedWords(run.joined(separator: " ")) }
            run = []
            tokens.append(String(word))
        }
        return run.isEmpty ? tokens : tokens + HeaderText.encodedWords(run.joined(separator: " "))
    }

    /// Words that stand in a header without quotes.
    private static func isPhrase(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case 0x20, 0x2D, 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: false
            }
        }
    }
}
