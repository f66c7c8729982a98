#include "viewer/base/CancelToken.h"
#include "viewer/base/Result.h"

#include <QtTest>

using namespace spotglass;

class TestResult : public QObject {
    Q_OBJECT

  private Q_SLOTS:
    void sentenceNamesFileReasonAndRemedy() {
        const Error error{ErrorKind::BadInput, "this file is empty", "a.svs", "Copy it again"};
        QCOMPARE(error.sentence(), std::string("a.svs: this file is empty. Copy it again."));
    }
    void sentenceWithoutFileOrHint() {
        QCOMPARE((Error{ErrorKind::Usage, "no slide given", {}, {}}).sentence(),
                 std::string("no slide given."));
    }
    void exitCodesFollowTheDesign() {
        const auto code = [](ErrorKind kind) { return Error{kind, {}, {}, {}}.exitCode(); };
        QCOMPARE(code(ErrorKind::Usage), 2);
        QCOMPARE(code(ErrorKind::BadInput), 3);
        QCOMPARE(code(ErrorKind::Device), 4);
        QCOMPARE(code(ErrorKind::Cancelled), 5);
        QCOMPARE(code(ErrorKind::Defect), 1);
    }
    void copiesOfACancelTokenShareTheFlag() {
        const CancelToken token;
        const CancelToken copy = token; // NOLINT(performance-unnecessary-copy-initialization)
        QVERIFY(!copy.isCancelled());
        token.cancel();
        QVERIFY(copy.isCancelled());
    }
};

QTEST_GUILESS_MAIN(TestResult)
#include "TestResult.moc"
