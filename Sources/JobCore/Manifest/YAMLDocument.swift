import Yams

/// Parses one manifest file with Yams into values that know their place.
package struct YAMLDocument {
    /// The top value; nil for a file without content, and for one that is not YAML.
    package private(set) var root: YAMLValue?
    package private(set) var problems: [ManifestProblem] = []
    private let file: String
    /// Anchors repeat a value at no cost: nine lines of YAML can stand for a thousand million values.
    private static let maximumValues = 100_000
    private var values = 0
    /// The keys, by place, that stand again further down in their mapping.
    private var shadowed: [ManifestPlace: String] = [:]

    package init(_ text: String, file: String) {
        self.file = file
        do {
            guard let node = try compose(text) else { return }
            root = value(node)
        } catch let error as YamlError {
            problems.append(problem(error))
        } catch {
            problems.append(ManifestProblem(.syntax("\(error)"), at: ManifestPlace(file: file)))
        }
    }

    /// Yams gives up at the first mapping with a repeated key and tells the place of its first occurrence only. So that
    /// one such mistake does not hide the others, that occurrence is renamed in the text and the file read again.
    private mutating func compose(_ text: String) throws -> Node? {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0.unicodeScalars) }
        var text = text
        while true {
            do {
                return try Yams.compose(yaml: text, .basic)
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) where shadowed.count < 1000 {
                let mark = place(context.mark)
                guard let key = keys.first, shadowed[mark] == nil, let first = key.unicodeScalars.first,
                    let stand = Unicode.Scalar(0xE000 + UInt32(shadowed.count)), lines.indices.contains(mark.line - 1),
                    let column = lines[mark.line - 1].dropFirst(mark.column - 1).firstIndex(of: first)
                else { throw YamlError.duplicatedKeysInMapping(duplicates: keys, context: context) }
                lines[mark.line - 1][column] = stand
                shadowed[mark] = key
                text = lines.map { line in
                    var scalars = String.UnicodeScalarView()
                    scalars.append(contentsOf: line)
                    return String(scalars)
                }.joined(separator: "\n")
            }
        }
    }

    private mutating func value(_ node: Node) -> YAMLValue {
        let place = node.mark.map(place) ?? ManifestPlace(file: file)
        values += 1
        guard values <= Self.maximumValues else {
            if values == Self.maximumValues + 1 {
                problems.append(ManifestProblem(.syntax("more than \(Self.maximumValues) values"), at: place))
            }
            return YAMLValue(.scalar("", quoted: false), at: place)
        }
        switch node {
        case .scalar(let scalar):
            let tag = scalar.tag.rawValue
            if tag != Tag.Name.implicit.rawValue, tag != Tag.Name.nonSpecific.rawValue, tag != Tag.Name.str.rawValue {
                problems.append(ManifestProblem(.syntax("the tag \(tag) is not understood"), at: place))
            }
            let plain = scalar.style == .plain && tag == Tag.Name.implicit.rawValue
            return YAMLValue(.scalar(scalar.string, quoted: !plain), at: place)
        case .sequence(let sequence):
            return YAMLValue(.sequence(sequence.map { value($0) }), at: place)
        case .mapping(let mapping):
            return YAMLValue(.mapping(entries(mapping)), at: place)
        case .alias:
            problems.append(ManifestProblem(.syntax("an alias without its anchor"), at: place))
            return YAMLValue(.scalar("", quoted: false), at: place)
        }
    }

    private mutating func entries(_ mapping: Node.Mapping) -> [YAMLEntry] {
        var entries: [YAMLEntry] = []
        var first: [String: ManifestPlace] = [:]
        for (key, content) in mapping {
            let place = key.mark.map(place) ?? ManifestPlace(file: file)
            guard case .scalar(let scalar) = key else {
                problems.append(ManifestProblem(.syntax("a key must be one word"), at: place))
                continue
            }
            let word = shadowed[place] ?? scalar.string
            if let first = first[word] {
                problems.append(ManifestProblem(.duplicate("key \"\(word)\"", first: first), at: place))
                continue
            }
            first[word] = place
            entries.append(YAMLEntry(key: word, place: place, value: value(content)))
        }
        return entries
    }

    private func place(_ mark: Mark) -> ManifestPlace {
        ManifestPlace(file: file, line: mark.line, column: mark.column)
    }

    private func problem(_ error: YamlError) -> ManifestProblem {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            ManifestProblem(.syntax(problem), at: place(mark))
        case .duplicatedKeysInMapping(let keys, let context):
            ManifestProblem(.syntax("repeated keys: \(keys.joined(separator: ", "))"), at: place(context.mark))
        case .reader(let problem, _, _, _), .writer(let problem), .emitter(let problem), .representer(let problem):
            ManifestProblem(.syntax(problem), at: ManifestPlace(file: file))
        case .no, .memory, .dataCouldNotBeDecoded:
            ManifestProblem(.syntax("the parser gave up"), at: ManifestPlace(file: file))
        }
    }
}
