import Curl
import Foundation
import Yams

/// A kind of message, as people can switch it off.
struct MessageCategory: Sendable, Equatable {
    let name: String
    /// Neither quiet hours nor the cap hold it up, and it goes in the high lane.
    var isUrgent = false
    /// Messages a person gets of it in a day of their own zone; nil: any number.
    var dailyCap: Int?
    /// Ways to a person, the first that leads there is taken.
    var channels: [Channel] = Channel.allCases
    /// Nobody gets it who has not asked for it.
    var needsOptIn = false

    init(_ name: String) { self.name = name }

    /// What a reader of its mails unsubscribes from; urgent ones are no list.
    var list: String? { isUrgent ? nil : name }
}

/// `jobs/preferences/categories.yaml`: each category by its name, with `urgent`, `daily_cap`, `channels` and `opt_in`.
struct MessageCategories: Sendable {
    struct Mistake: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    private let categories: [String: MessageCategory]

    init(file: String) throws(Mistake) {
        guard let data = FileManager.default.contents(atPath: file), data.count <= 65_536,
            let text = String(data: data, encoding: .utf8)
        else { throw Mistake(description: "cannot read \(file)") }
        try self.init(yaml: text, file: file)
    }

    init(yaml text: String, file: String) throws(Mistake) {
        func wrong(_ reason: String) -> Mistake { Mistake(description: "\(file): \(reason)") }
        guard let entries = (try? Yams.load(yaml: text)) as? [String: Any], !entries.isEmpty else {
            throw wrong("is a mapping of categories")
        }
        var categories: [String: MessageCategory] = [:]
        for (name, value) in entries {
            guard MustacheSource.isName(name), let fields = value as? [String: Any] else {
                throw wrong("\(name): a category's name is of a-z, 0-9 and _, its value a mapping")
            }
            var category = MessageCategory(name)
            for (key, value) in fields {
                switch (key, value) {
                case ("urgent", let flag as Bool): category.isUrgent = flag
                case ("opt_in", let flag as Bool): category.needsOptIn = flag
                case ("daily_cap", let cap as Int) where 1...1000 ~= cap: category.dailyCap = cap
                case ("channels", let names as [String]) where !names.isEmpty:
                    category.channels = try names.map { name throws(Mistake) in
                        guard let channel = Channel(rawValue: name) else { throw wrong("\(name) is no channel") }
                        return channel
                    }
                default: throw wrong("\(name): \(key) is urgent, opt_in (true, false), daily_cap (1…1000) or channels")
                }
            }
            categories[name] = category
        }
        self.categories = categories
    }

    var names: [String] { categories.keys.sorted() }

    package subscript(name: String) -> MessageCategory? { categories[name] }
}
