internal import Foundation

/// The templates of a folder, read once: `NAME.LOCALE.PART.mustache`, with all parts for each name and locale. Changes on
/// disk are seen by the next process.
package struct MessageTemplates: Sendable {
    package struct Rendered: Sendable, Equatable {
        /// By the part's name; without white space at its ends where the part is one line.
        package let parts: [String: String]
        /// The locale that was found.
        package let locale: String

        package subscript(part: String) -> String { parts[part] ?? "" }
    }

    package struct Part: Sendable {
        let name: String
        let escaping: MustacheSource.Escaping
        /// White space at both ends goes.
        let isLine: Bool

        init(_ name: String, escaping: MustacheSource.Escaping = .none, isLine: Bool = false) {
            (self.name, self.escaping, self.isLine) = (name, escaping, isLine)
        }
    }

    private typealias Template = [String: MustacheSource]

    private static let maxFileBytes = 256 * 1024
    /// Where no locale of the language asked for exists, English first.
    private static let fallback = ["en", "pt-BR"]

    private let parts: [Part]
    /// By name, then locale.
    private let templates: [String: [String: Template]]

    /// Reads and checks every `.mustache` file of the folder. Called at start; blocks for the time of the reads.
    package init(folder: String, parts: [Part]) throws(TemplateError) {
        self.parts = parts
        guard let files = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw .unreadable(path: folder)
        }
        var templates: [String: [String: Template]] = [:]
        for file in files.sorted() where file.hasSuffix(".mustache") {
            let words = file.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard words.count == 4, MustacheSource.isName(words[0]), Self.isLocale(words[1]),
                let part = parts.first(where: { $0.name == words[2] })
            else { throw .misnamed(file: file, parts: parts.map(\.name)) }
            templates[words[0], default: [:]][words[1], default: [:]][part.name] = try Self.read(
                "\(folder)/\(file)",
                file,
                part.escaping
            )
        }
        for (name, locales) in templates {
            for (locale, template) in locales {
                let missing = parts.map(\.name).filter { template[$0] == nil }
                guard missing.isEmpty else { throw .incomplete(name: name, locale: locale, missing: missing) }
            }
        }
        self.templates = templates
    }

    package var names: [String] { templates.keys.sorted() }

    /// The variables a template cannot do without, in the locale that `locale` leads to.
    package func requiredVariables(_ name: String, locale: String) throws(TemplateError) -> [String] {
        Self.required(try find(name, locale).template).sorted()
    }

    /// - Parameters:
    ///   - name: `[a-z0-9_]+`
    ///   - locale: such as `pt-BR`. Looked for as it is, then in its language (`pt-PT` finds `pt-BR`), then `en`, then
    ///     `pt-BR`, then whatever there is.
    ///   - values: at most 8 KiB each. An empty one is taken for given but counts as absent in sections. A name that ends
    ///     in `_url` holds an https address and nothing else, because templates make links of them.
    package func render(
        _ name: String,
        locale: String,
        values: [String: String]
    ) throws(TemplateError) -> Rendered {
        let (found, template) = try find(name, locale)
        if let missing = Self.required(template).sorted().first(where: { values[$0] == nil }) {
            throw .missingVariable(name: missing, template: "\(name).\(found)", given: values.keys.sorted())
        }
        for (variable, value) in values {
            guard value.utf8.count <= 8192 else { throw .valueTooLong(name: variable) }
            guard value.isEmpty || !variable.hasSuffix("_url") || Self.isWebAddress(value) else {
                throw .invalidURL(name: variable)
            }
        }
        var rendered: [String: String] = [:]
        for part in parts {
            let text = template[part.name]?.render(values) ?? ""
            rendered[part.name] = part.isLine ? text.trimmingCharacters(in: .whitespacesAndNewlines) : text
        }
        return Rendered(parts: rendered, locale: found)
    }

    private static func required(_ template: Template) -> Set<String> {
        template.values.reduce(into: []) { $0.formUnion($1.required) }
    }

    private func find(
        _ name: String,
        _ locale: String
    ) throws(TemplateError) -> (locale: String, template: Template) {
        guard MustacheSource.isName(name) else { throw .invalidName }
        guard let locales = templates[name] else { throw .unknownTemplate(name: name, existing: names) }
        let language = locale.prefix { $0 != "-" }.lowercased()
        let sameLanguage = locales.keys.sorted().filter { $0.prefix { $0 != "-" }.lowercased() == language }
        for candidate in [locale] + sameLanguage + Self.fallback + locales.keys.sorted() {
            if let template = locales[candidate] { return (candidate, template) }
        }
        throw .unknownTemplate(name: name, existing: names)
    }

    private static func read(
        _ path: String,
        _ file: String,
        _ escaping: MustacheSource.Escaping
    ) throws(TemplateError) -> MustacheSource {
        guard let data = FileManager.default.contents(atPath: path), data.count <= maxFileBytes,
            let text = String(data: data, encoding: .utf8)
        else { throw .unreadable(path: path) }
        return try MustacheSource(text, escaping: escaping, file: file)
    }

    static func isWebAddress(_ value: String) -> Bool {
        value.hasPrefix("https://") && value.utf8.count > 8 && value.utf8.allSatisfy { 0x21...0x7E ~= $0 }
    }

    /// `en`, `pt-BR`: letters, then parts of letters and digits.
    static func isLocale(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard let language = parts.first, 2...3 ~= language.utf8.count, parts.count <= 3 else { return false }
        return parts.allSatisfy { part in
            1...8 ~= part.utf8.count
                && part.utf8.allSatisfy { byte in
                    0x61...0x7A ~= byte || 0x41...0x5A ~= byte || 0x30...0x39 ~= byte
                }
        }
    }
}
