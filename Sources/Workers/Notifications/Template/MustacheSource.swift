internal import Mustache

/// One Mustache file, limited to what a mail needs: `{{name}}`, `{{#name}}…{{/name}}`, `{{^name}}…{{/name}}` and comments.
/// No partials, no unescaped tags, no functions: nothing but the file decides what is in a mail.
struct MustacheSource: Sendable {
    enum Escaping: Sendable {
        case none, html
    }

    /// Names whose value must be given. One that the file itself tests with a section may be left out.
    let required: Set<String>
    private let template: MustacheTemplate
    private let escaping: Escaping

    init(_ text: String, escaping: Escaping, file: String) throws(TemplateError) {
        var used: Set<String> = []
        var tested: Set<String> = []
        for tag in try Self.tags(text, file: file) {
            guard let kind = tag.first, kind != "!" else { continue }
            let isSection = kind == "#" || kind == "^" || kind == "/"
            let name = (isSection ? tag.dropFirst() : tag).drop { $0 == " " }.trimmingSuffix { $0 == " " }
            guard Self.isName(name) else { throw .syntax(file: file, reason: "tag {{\(tag.prefix(40))}}") }
            if isSection { tested.insert(String(name)) } else { used.insert(String(name)) }
        }
        required = used.subtracting(tested)
        self.escaping = escaping
        do {
            // Values are escaped here, scalar by scalar; the library goes by grapheme and misses a quote that carries a
            // combining mark.
            template = try MustacheTemplate(string: "{{% CONTENT_TYPE:TEXT}}" + text)
        } catch {
            throw .syntax(file: file, reason: "not Mustache")
        }
    }

    /// An empty value counts as absent for sections.
    func render(_ values: [String: String]) -> String {
        var context: [String: String] = [:]
        for (name, value) in values where !value.isEmpty {
            context[name] = escaping == .html ? Self.escapeHTML(value) : value
        }
        return template.render(context)
    }

    private static func tags(_ text: String, file: String) throws(TemplateError) -> [Substring] {
        var tags: [Substring] = []
        var rest = text[...]
        while let open = rest.firstRange(of: "{{") {
            rest = rest[open.upperBound...]
            guard let close = rest.firstRange(of: "}}") else { throw .syntax(file: file, reason: "a tag without end") }
            tags.append(rest[..<close.lowerBound])
            rest = rest[close.upperBound...]
        }
        return tags
    }

    static func isName(_ name: some StringProtocol) -> Bool {
        !name.isEmpty && name.utf8.count <= 64
            && name.utf8.allSatisfy { 0x61...0x7A ~= $0 || 0x30...0x39 ~= $0 || $0 == 0x5F }
    }

    private static func escapeHTML(_ text: String) -> String {
        var output = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "&": output += "&amp;"
            case "\"": output += "&quot;"
            case "'": output += "&#39;"
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output
    }
}

extension Substring {
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> Substring {
        guard let last = lastIndex(where: { !predicate($0) }) else { return self[startIndex..<startIndex] }
        return self[...last]
    }
}
