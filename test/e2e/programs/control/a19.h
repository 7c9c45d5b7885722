/* Edited. */
#ifdef __cplusplus
extern "C" {
#endif
int a19_area(int side);
int a19_cxx(int side);
void a19_wait(void);
#ifdef __cplusplus
}
#endif
