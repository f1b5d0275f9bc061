/// Mails: `NAME.LOCALE.subject.mustache`, `….text.mustache`, `….html.mustache`.
package struct EmailTemplates: Sendable {
    package struct Rendered: Sendable, Equatable {
        package let subject: String
        package let text: String
        package let html: String
        /// The locale that was found.
        package let locale: String
    }

    private static let parts = [
        MessageTemplates.Part("subject", isLine: true), MessageTemplates.Part("text"),
        MessageTemplates.Part("html", escaping: .html),
    ]

    private let templates: MessageTemplates

    /// Reads and checks every file of the folder. Called at start; blocks for the time of the reads.
    package init(folder: String) throws(TemplateError) {
        templates = try MessageTemplates(folder: folder, parts: Self.parts)
    }

    package var names: [String] { templates.names }

    package func requiredVariables(_ name: String, locale: String) throws(TemplateError) -> [String] {
        try templates.requiredVariables(name, locale: locale)
    }

    /// See `MessageTemplates.render`.
    package func render(
        _ name: String,
        locale: String,
        values: [String: String]
    ) throws(TemplateError) -> Rendered {
        let rendered = try templates.render(name, locale: locale, values: values)
        return Rendered(
            subject: rendered["subject"],
            text: rendered["text"],
            html: rendered["html"],
            locale: rendered.locale
        )
    }
}
