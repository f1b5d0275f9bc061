/// What is wrong with a template or with what a job gives it. Lists name what there is, so that a typing mistake is seen
/// at once; values never appear.
package enum TemplateError: Error, Equatable, Sendable {
    /// A template's folder or file cannot be read.
    case unreadable(path: String)
    /// A file of the folder that is not `NAME.LOCALE.PART.mustache`.
    case misnamed(file: String, parts: [String])
    /// The parts of a message belong together; these are missing.
    case incomplete(name: String, locale: String, missing: [String])
    /// Not Mustache, or more of it than is allowed here (partials, unescaped tags, other delimiters, lambdas).
    case syntax(file: String, reason: String)
    /// Names are `[a-z0-9_]+`.
    case invalidName
    case unknownTemplate(name: String, existing: [String])
    /// The template needs a variable the job did not give.
    case missingVariable(name: String, template: String, given: [String])
    /// Over 8 KiB.
    case valueTooLong(name: String)
    /// A variable that ends in `_url` is not an https address.
    case invalidURL(name: String)

    package var label: String {
        switch self {
        case .unreadable: "template_unreadable"
        case .misnamed: "template_misnamed"
        case .incomplete: "template_incomplete"
        case .syntax: "template_syntax"
        case .invalidName: "template_invalid_name"
        case .unknownTemplate: "template_unknown"
        case .missingVariable: "template_missing_variable"
        case .valueTooLong: "template_value_too_long"
        case .invalidURL: "template_invalid_url"
        }
    }
}
