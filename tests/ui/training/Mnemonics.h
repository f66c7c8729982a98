#pragma once

#include <QAbstractButton>
#include <QGroupBox>
#include <QKeySequence>
#include <QLabel>
#include <QTabBar>

namespace spotglass::tests {

/// The letters that Alt reaches more than one visible thing with, with what they are; empty: none.
inline QStringList doubledMnemonics(const QWidget& window) {
    QMap<QString, QStringList> users;
    const auto add = [&users](const QString& words) {
        const auto letter = QKeySequence::mnemonic(words);
        if (!letter.isEmpty()) users[letter.toString()] << words;
    };
    for (const auto* button : window.findChildren<QAbstractButton*>())
        if (button->isVisible()) add(button->text());
    for (const auto* label : window.findChildren<QLabel*>())
        if (label->isVisible() && label->buddy()) add(label->text());
    for (const auto* box : window.findChildren<QGroupBox*>())
        if (box->isVisible()) add(box->title());
    for (const auto* tabs : window.findChildren<QTabBar*>())
        for (int i = 0; tabs->isVisible() && i < tabs->count(); ++i)
            add(tabs->tabText(i));
    QStringList doubled;
    for (auto user = users.begin(); user != users.end(); ++user)
        if (user.value().size() > 1) doubled << user.key() + QStringLiteral(": ") + user.value().join(u'|');
    return doubled;
}

} // namespace spotglass::tests
