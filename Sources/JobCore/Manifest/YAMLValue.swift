/// A value of a manifest file with its place: what the parser found, before it means anything.
package struct YAMLValue: Sendable, Equatable {
    package enum Content: Sendable, Equatable {
        /// `quoted` is also true for block scalars and for `!!str`: such a scalar is text whatever it looks like.
        case scalar(String, quoted: Bool)
        case sequence([YAMLValue])
        case mapping([YAMLEntry])
    }

    package let content: Content
    package let place: ManifestPlace

    package init(_ content: Content, at place: ManifestPlace) {
        self.content = content
        self.place = place
    }

    /// What a person calls it in an error message.
    package var shape: String {
        switch content {
        case .scalar(let text, quoted: true): "the text \"\(text)\""
        case .scalar(let text, quoted: false): isNull ? "nothing" : "\"\(text)\""
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    package var isNull: Bool {
        guard case .scalar(let text, quoted: false) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }
}

package struct YAMLEntry: Sendable, Equatable {
    package let key: String
    package let place: ManifestPlace
    package let value: YAMLValue

    package init(key: String, place: ManifestPlace, value: YAMLValue) {
        self.key = key
        self.place = place
        self.value = value
    }
}
