import Foundation

/// Changes to fields of a payload: `path=JSON` sets, a path alone removes. Order counts.
package struct PayloadEdit: Sendable, Equatable {
    package enum Step: Sendable, Equatable {
        case set([String], json: [UInt8])
        case remove([String])
    }

    package let steps: [Step]

    /// Why an edit cannot be made, for people; values are never quoted.
    package struct Mistake: Error, Sendable, Equatable {
        package let reason: String

        package static let noJSON = Mistake(reason: "the result is no JSON")
    }

    /// - Parameters:
    ///   - sets: `data.city="Recife"`, `visits=3`, `reply_to=null`.
    ///   - removals: `data.city`.
    package init(sets: [String], removals: [String]) throws(Mistake) {
        var steps: [Step] = []
        for text in sets {
            guard let sign = text.firstIndex(of: "=") else { throw Mistake(reason: "--set takes path=JSON") }
            let path = try PayloadEdit.path(String(text[..<sign]))
            let value = Array(text[text.index(after: sign)...].utf8)
            guard (try? JSONSerialization.jsonObject(with: Data(value), options: .fragmentsAllowed)) != nil else {
                throw Mistake(
                    reason: "the value of \(path.joined(separator: ".")) is no JSON; a text has quotes: '\"Recife\"'"
                )
            }
            steps.append(.set(path, json: value))
        }
        for text in removals { steps.append(.remove(try PayloadEdit.path(text))) }
        self.steps = steps
    }

    private static func path(_ text: String) throws(Mistake) -> [String] {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard !parts.contains(""), parts.count <= PayloadLimits.maximumDepth else {
            throw Mistake(reason: "\"\(text)\" is no path: keys joined by dots, such as data.email")
        }
        return parts
    }

    /// - Returns: the payload after all steps, with sorted keys.
    package func applied(to payload: [UInt8]) throws(Mistake) -> [UInt8] {
        guard var object = (try? JSONSerialization.jsonObject(with: Data(payload))) as? [String: Any] else {
            throw Mistake(reason: "the payload is no JSON object")
        }
        for step in steps {
            switch step {
            case .set(let path, let json):
                let value = try? JSONSerialization.jsonObject(with: Data(json), options: .fragmentsAllowed)
                object = try PayloadEdit.set(object, path[...], value ?? NSNull())
            case .remove(let path):
                object = PayloadEdit.remove(object, path[...])
            }
        }
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? JSONSerialization.data(withJSONObject: object, options: options) else {
            throw .noJSON
        }
        let result = [UInt8](data)
        guard (try? PayloadLimits.check(result)) != nil else {
            throw Mistake(reason: "the result is too large or too deep")
        }
        return result
    }

    private static func set(_ object: [String: Any], _ path: ArraySlice<String>, _ value: Any) throws(Mistake)
        -> [String: Any]
    {
        guard let key = path.first else { return object }
        var object = object
        if path.count == 1 {
            object[key] = value
            return object
        }
        switch object[key] {
        case nil, is NSNull: object[key] = try set([:], path.dropFirst(), value)
        case let inner as [String: Any]: object[key] = try set(inner, path.dropFirst(), value)
        default: throw Mistake(reason: "\(key) is no object")
        }
        return object
    }

    private static func remove(_ object: [String: Any], _ path: ArraySlice<String>) -> [String: Any] {
        guard let key = path.first else { return object }
        var object = object
        if path.count == 1 {
            object[key] = nil
        } else if let inner = object[key] as? [String: Any] {
            object[key] = remove(inner, path.dropFirst())
        }
        return object
    }
}
