internal import Foundation

/// The mail templates of a folder, read once: `NAME.LOCALE.subject.mustache`, `….text.mustache`, `….html.mustache`.
/// Changes on disk are seen by the next process.
package struct EmailTemplates: Sendable {
    package struct Rendered: Sendable, Equatable {
        package let subject: String
        package let text: String
        package let html: String
        /// The locale that was found.
        package let locale: String
    }

    private struct Template: Sendable {
        let subject: MustacheSource
        let text: MustacheSource
        let html: MustacheSource

        var required: Set<String> { subject.required.union(text.required).union(html.required) }
    }

    private static let kinds = ["subject", "text", "html"]
    private static let maxFileBytes = 256 * 1024
    /// Where no locale of the language asked for exists, English first.
    private static let fallback = ["en", "pt-BR"]

    /// By name, then locale.
    private let templates: [String: [String: Template]]

    /// Reads and checks every `.mustache` file of the folder. Called at start; blocks for the time of the reads.
    package init(folder: String) throws(EmailTemplateError) {
        guard let files = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw .unreadable(path: folder)
        }
        var sources: [String: [String: [String: MustacheSource]]] = [:]
        for file in files.sorted() where file.hasSuffix(".mustache") {
            let parts = file.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 4, MustacheSource.isName(parts[0]), Self.isLocale(parts[1]),
                Self.kinds.contains(parts[2])
            else { throw .misnamed(file: file) }
            sources[parts[0], default: [:]][parts[1], default: [:]][parts[2]] = try Self.read(
                "\(folder)/\(file)",
                file,
                parts[2]
            )
        }
        var templates: [String: [String: Template]] = [:]
        for (name, locales) in sources {
            for (locale, kinds) in locales {
                guard let subject = kinds["subject"], let text = kinds["text"], let html = kinds["html"] else {
                    throw .incomplete(name: name, locale: locale, missing: Self.kinds.filter { kinds[$0] == nil })
                }
                templates[name, default: [:]][locale] = Template(subject: subject, text: text, html: html)
            }
        }
        self.templates = templates
    }

    package var names: [String] { templates.keys.sorted() }

    /// The variables a template cannot do without, in the locale that `locale` leads to.
    package func requiredVariables(_ name: String, locale: String) throws(EmailTemplateError) -> [String] {
        try find(name, locale).template.required.sorted()
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
    ) throws(EmailTemplateError) -> Rendered {
        let (found, template) = try find(name, locale)
        if let missing = template.required.sorted().first(where: { values[$0] == nil }) {
            throw .missingVariable(name: missing, template: "\(name).\(found)", given: values.keys.sorted())
        }
        for (variable, value) in values {
            guard value.utf8.count <= 8192 else { throw .valueTooLong(name: variable) }
            guard value.isEmpty || !variable.hasSuffix("_url") || Self.isWebAddress(value) else {
                throw .invalidURL(name: variable)
            }
        }
        return Rendered(
            subject: template.subject.render(values).trimmingCharacters(in: .whitespacesAndNewlines),
            text: template.text.render(values),
            html: template.html.render(values),
            locale: found
        )
    }

    private func find(
        _ name: String,
        _ locale: String
    ) throws(EmailTemplateError) -> (locale: String, template: Template) {
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
        _ kind: String
    ) throws(EmailTemplateError) -> MustacheSource {
        guard let data = FileManager.default.contents(atPath: path), data.count <= maxFileBytes,
            let text = String(data: data, encoding: .utf8)
        else { throw .unreadable(path: path) }
        return try MustacheSource(text, escaping: kind == "html" ? .html : .none, file: file)
    }

    private static func isWebAddress(_ value: String) -> Bool {
        value.hasPrefix("https://") && value.utf8.count > 8 && value.utf8.allSatisfy { 0x21...0x7E ~= $0 }
    }

    /// `en`, `pt-BR`: letters, then parts of letters and digits.
    private static func isLocale(_ text: String) -> Bool {
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
