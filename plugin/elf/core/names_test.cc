// What names tell: as compilers mangle them, not as one would wish.
#include "names.h"

#include <doctest/doctest.h>

#include <string>

using namespace hotreload;

TEST_CASE("a short name has neither parameters nor a return type") {
  CHECK(short_name("_ZN4Body4kickEd") == "Body::kick");
  CHECK(short_name("_Z4stepv") == "step");
  CHECK(short_name("_ZN4BodyC2Ei") == "Body::Body");
  CHECK(short_name("_ZN4BodyD1Ev") == "Body::~Body");
  CHECK(short_name("_Z4makeIiESt8functionIFT_iEES1_") == "make<int>");
  CHECK(short_name("_ZN2ns1AILi3EE1fERA3_i") == "ns::A<3>::f");
  CHECK(short_name("_Z2tbILb1EEvv") == "tb<true>");
}

TEST_CASE("a name that is not mangled is its own short name") {
  for (const std::string name : {"main", "s", "i", "_GLOBAL__sub_I_main", "__clang_call_terminate", "", "_Z", "_ZN4Bo"}) {
    CAPTURE(name);
    CHECK(short_name(name) == name);
    CHECK(demangle(name) == name);
  }
}

TEST_CASE("a short name of an operator is the whole operator") {
  CHECK(short_name("_ZN4BodyclEi") == "Body::operator()");
  CHECK(short_name("_ZN4BodyixEi") == "Body::operator[]");
  CHECK(short_name("_ZN4BodypLEi") == "Body::operator+=");
  CHECK(short_name("_ZN4BodyptEv") == "Body::operator->");
  CHECK(short_name("_ZNK4BodyltERKS_") == "Body::operator<");
  CHECK(short_name("_ZN4BodynwEm") == "Body::operator new");
  CHECK(short_name("_ZgtIiEbRKSt6vectorIT_SaIS1_EE4Body") == "operator><int>");
  CHECK(short_name("_ZN4BodylsEi") == "Body::operator<<");
  CHECK(short_name("_ZN4BodyrSEi") == "Body::operator>>=");
  CHECK(short_name("_ZlsRSo4Body") == "operator<<");
  CHECK(short_name("_Zli2_xy") == "operator\"\" _x");
  CHECK(short_name("_ZplISaIcEET_S1_S1_") == "operator+<std::allocator<char> >");
  CHECK(short_name("_ZltISaIcEET_S1_S1_") == "operator< <std::allocator<char> >");
  CHECK(short_name("_ZlsISaIcEET_S1_S1_") == "operator<< <std::allocator<char> >");
  CHECK(short_name("_ZptISaIcEET_S1_S1_") == "operator-><std::allocator<char> >");
}

TEST_CASE("a conversion operator keeps the type that it converts to") {
  CHECK(short_name("_ZN4BodycvPiEv") == "Body::operator int*");
  CHECK(short_name("_ZNK12_GLOBAL__N_15LocalcvbEv") == "(anonymous namespace)::Local::operator bool");
  CHECK(short_name("_ZNK4BodycvSt6vectorIiSaIiEEEv") == "Body::operator std::vector<int, std::allocator<int> >");
}

TEST_CASE("a scope in brackets is part of the short name") {
  CHECK(short_name("_ZN12_GLOBAL__N_16hiddenEi") == "(anonymous namespace)::hidden");
  CHECK(short_name("_ZZ5outervEN2In2goEi") == "outer()::In::go");
  CHECK(short_name("_ZZ3inlvENKUlPFiiEE_clES0_") == "inl()::{lambda(int (*)(int))#1}::operator()");
  CHECK(short_name("_ZZ5outervENK3$_2clEi") == "outer()::$_2::operator()");
  CHECK(short_name("_ZNK1aMUlvE_clEv") == "a::{lambda()#1}::operator()");
}

TEST_CASE("no short name is empty") {
  const char* trailing = "_Z2trINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEEDTcldtfp_4sizeEET_";
  CHECK(short_name(trailing) != "");
}

std::vector<Anonymous> mentioned_in(const std::string& name) { return anonymous_in(demangle(name)); }

TEST_CASE("a lambda is mentioned with its function, its parameters and its number") {
  const auto one = mentioned_in("_ZZ4makeIiESt8functionIFT_iEES1_ENKUliE_clEi");
  REQUIRE(one.size() == 1);
  CHECK(one[0].scope == "make<int>(int)");
  CHECK(one[0].kind == "{lambda(int)#");
  CHECK(one[0].number == 1);
  const auto second = mentioned_in("_ZZ5outervENKUliE0_clEi");
  REQUIRE(second.size() == 1);
  CHECK(second[0].number == 2);
  const auto nested = mentioned_in("_ZZZ5outervENKUliE_clEiENKUlvE_clEv");
  REQUIRE(nested.size() == 2);
  CHECK(nested[0].scope == "outer()");
  CHECK(nested[1].scope == "outer()::{lambda(int)#1}::operator()(int) const");
}

TEST_CASE("a lambda of clang and an unnamed type are mentioned too") {
  const auto one = mentioned_in("_ZZ5outervENK3$_2clEi");
  REQUIRE(one.size() == 1);
  CHECK(one[0].scope == "outer()");
  CHECK(one[0].kind == "$_");
  CHECK(one[0].number == 2);
  const auto type = mentioned_in("_ZZ1kiENUt_3getEv");
  REQUIRE(type.size() == 1);
  CHECK(type[0].scope == "k(int)");
  CHECK(type[0].kind == "{unnamed type#");
}

TEST_CASE("an instance of a template mentions the lambda that it was made for") {
  const std::string text = demangle("_ZNSt17_Function_handlerIFivEZ1filEUlvE0_E9_M_invokeERKSt9_Any_data");
  const auto found = anonymous_in(text);
  REQUIRE(found.size() == 1);
  CHECK(text.substr(found[0].begin, found[0].end - found[0].begin) == "f(int, long)::{lambda()#2}");
  CHECK(found[0].scope == "f(int, long)");
  CHECK(found[0].number == 2);
}

TEST_CASE("a name without lambdas mentions none, and neither does one that only looks like it") {
  for (const std::string name : {"_Z4stepv", "Ul_counter", "_ZN4Ulam3UlEEv", ""}) {
    CAPTURE(name);
    CHECK(mentioned_in(name).empty());
  }
  CHECK_FALSE(may_mention_anonymous("price_in_$_1"));
}

TEST_CASE("what stays of a name when its lambdas are numbered anew") {
  const auto rest = [](const std::string& name) { return without_anonymous_numbers(name, demangle(name)); };
  CHECK(rest("_ZZ5outervENKUliE_clEi") == rest("_ZZ5outervENKUliE0_clEi"));
  CHECK(rest("_ZZ5outervENKUliE_clEi") != rest("_ZZ5outervENKUllE0_clEl"));
  CHECK(rest("_ZZ1giENK3$_9clEi") == rest("_ZZ1giENK4$_10clEi"));
  CHECK(rest("_ZZ1kiENUt_3getEv") == rest("_ZZ1kiENUt0_3getEv"));
  CHECK(rest("_ZNSt8functionIFiiEEC1IRZ1giEUliE0_vEEOT_") != rest("_ZNSt8functionIFiiEEC2IRZ1giEUliE0_vEEOT_"));
}

TEST_CASE("the outermost function of a scope is told from its arguments and its scopes") {
  CHECK(outermost_function("f(int)") == "f");
  CHECK(outermost_function("ns::A<int (*)(long)>::keep<g(int)::{lambda(int)#1}>(g(int)::{lambda(int)#1})") == "keep");
  CHECK(outermost_function("(anonymous namespace)::f() const") == "f");
  CHECK(outermost_function("outer()::{lambda(int)#1}::operator()(int) const") == "outer");
  CHECK(outermost_function("A::operator()(int) const") == "operator");
  CHECK(outermost_function("ns::variable") == "");
  CHECK(outermost_function("") == "");
}

TEST_CASE("what only its linkage changed has one name without it") {
  CHECK(without_linkage("_ZL1fv") == without_linkage("_Z1fv"));
  CHECK(without_linkage("_ZN2nsL1fEv") == without_linkage("_ZN2ns1fEv"));
  CHECK(without_linkage("_ZL1fv") != without_linkage("_Z1gv"));
}

TEST_CASE("parts and copies of a function are clones, the function is not") {
  for (const std::string name : {"f.cold", "_Z1fv.cold", "f.part.0", "f.isra.0", "f.constprop.1.cold", "f.localalias", "f.llvm.123"}) {
    CAPTURE(name);
    CHECK(is_clone(name));
  }
  for (const std::string name : {"f", "cold", "part", "counter.0", "__func__.3", "_Z4coldv", "recold"}) {
    CAPTURE(name);
    CHECK_FALSE(is_clone(name));
  }
}

TEST_CASE("a specialised copy belongs to the function whose name it has") {
  CHECK(is_specialised_copy("f.constprop.0", "f"));
  CHECK(is_specialised_copy("f.isra.0", "f"));
  CHECK(is_specialised_copy("f.part.0.cold", "f"));
  CHECK_FALSE(is_specialised_copy("f.cold", "f"));
  CHECK_FALSE(is_specialised_copy("first.constprop.0", "f"));
  CHECK_FALSE(is_specialised_copy("f", "f"));
}

TEST_CASE("virtual tables and type information are told from other names") {
  CHECK(is_virtual_table("_ZTV4Base"));
  CHECK(is_virtual_table("_ZTT7Derived"));
  CHECK(is_virtual_table("_ZTC7Derived0_4Base"));
  CHECK_FALSE(is_virtual_table("_ZTI4Base"));
  CHECK(is_type_information("_ZTI4Base"));
  CHECK(is_type_information("_ZTS4Base"));
  CHECK_FALSE(is_type_information("_ZTV4Base"));
  CHECK_FALSE(is_type_information("_ZThn8_N4Base1fEv"));
}

TEST_CASE("the functions that run initializers are known by name") {
  for (const std::string name : {"_GLOBAL__sub_I_main", "_GLOBAL__sub_D_x", "_GLOBAL__I_000101_x", "__cxx_global_var_init",
                           "__cxx_global_var_init.3", "_Z41__static_initialization_and_destruction_0ii", "__tls_init",
                           "_ZTH5local", "__cxx_global_array_dtor", "_sub_I_00099_1", "_sub_D_00099_0",
                           "asan.module_ctor", "asan.module_dtor", "tsan.module_ctor"}) {
    CAPTURE(name);
    CHECK(is_initializer(name));
  }
  CHECK_FALSE(is_initializer("_Z4initv"));
  CHECK_FALSE(is_initializer("_ZTW5local"));
  CHECK_FALSE(is_initializer("_sub_I_am_mine"));
  CHECK_FALSE(is_initializer("module_ctor"));
}

TEST_CASE("what a sanitizer names by order is known by name") {
  for (const std::string name : {".str", ".str.12", "__unnamed_1", "___asan_gen_.4", "__odr_asan.counter"}) {
    CAPTURE(name);
    CHECK(is_numbered_by_compiler(name));
  }
  CHECK_FALSE(is_numbered_by_compiler("str"));
  CHECK_FALSE(is_numbered_by_compiler("_ZL4name"));
}

TEST_CASE("a guard and a static of a function are known by name") {
  CHECK(is_guard("_ZGVZ4namevE1s"));
  CHECK_FALSE(is_guard("_ZZ4namevE1s"));
  CHECK(is_function_static("_ZZ4namevE1s"));
  CHECK(is_function_static("_ZGVZ4namevE1s"));
  CHECK_FALSE(is_function_static("_ZL7counter"));
  CHECK_FALSE(is_function_static("_ZGVN1A1xE"));
}

TEST_CASE("the number of a static goes, and nothing else does") {
  CHECK(without_number("counter.0") == "counter");
  CHECK(without_number("counter.1234") == "counter");
  CHECK(without_number("f.n.2") == "f.n");
  for (const std::string name : {"counter", "counter2", ".0", "12", "counter.", "counter.x", ""}) {
    CAPTURE(name);
    CHECK(without_number(name) == name);
  }
}

TEST_CASE("labels of the assembler are told from symbols") {
  CHECK(is_local_label(".LC0"));
  CHECK(is_local_label(".L.str.3"));
  CHECK(is_local_label(""));
  CHECK_FALSE(is_local_label("L"));
  CHECK_FALSE(is_local_label("main"));
}
