import Curl

/// What people read in a dead letter. Names of templates and variables, never their values.
extension TemplateError {
    var explanation: String {
        switch self {
        case .unreadable(let path): "cannot read \(path)"
        case .misnamed(let file, let parts): "\(file) is not NAME.LOCALE.\(parts.joined(separator: "|")).mustache"
        case .incomplete(let name, let locale, let missing):
            "\(name).\(locale) lacks \(missing.joined(separator: ", "))"
        case .syntax(let file, let reason): "\(file): \(reason)"
        case .invalidName: "template names are of a-z, 0-9 and _"
        case .unknownTemplate(let name, let existing):
            "no template \(name); there are \(existing.joined(separator: ", "))"
        case .missingVariable(let name, let template, let given):
            "\(template) needs the variable \(name); given: \(given.joined(separator: ", "))"
        case .valueTooLong(let name): "the variable \(name) has more than 8 KiB"
        case .invalidURL(let name): "the variable \(name) is not an https address"
        }
    }
}

extension MailMessageError {
    var explanation: String {
        switch self {
        case .address(let field, let defect): "\(field.rawValue) is not a mail address (\(defect.rawValue))"
        case .controlCharacter(let field): "\(field.rawValue) has a line break or another control character"
        case .tooLong(let field): "\(field.rawValue) is too long"
        case .malformed(let field): "\(field.rawValue) is malformed"
        case .recipientCount: "a mail has 1 to 100 recipients"
        }
    }
}
