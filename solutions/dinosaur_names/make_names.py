"""Write names.txt, the names that the network reads: genera of dinosaurs, one a line, in alphabetical order.

``python make_names.py`` writes it again, beside this file. A name here is a genus that was named for a dinosaur; of
some it is disputed whether they stand beside another genus. Left out are names of animals that turned out to be no
dinosaurs, such as *Shuvosaurus* and *Azendohsaurus*, and names that had been given away before, such as *Ingenia*.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

GENERA = """
aardonyx abelisaurus abrictosaurus abrosaurus abydosaurus achelousaurus acheroraptor achillobator acristavus
acrocanthosaurus acrotholus adasaurus aegyptosaurus aeolosaurus aerosteon afrovenator agathaumas agilisaurus
agujaceratops agustinia ajkaceratops alamosaurus alaskacephale albertaceratops albertadromeus albertonykus
albertosaurus alectrosaurus aletopelta alioramus allosaurus altirhinus alvarezsaurus alwalkeria alxasaurus
amargasaurus amazonsaurus ampelosaurus amphicoelias amtocephale amurosaurus anabisetia anasazisaurus anchiceratops
anchiornis anchisaurus andesaurus angaturama angolatitan animantarx ankylosaurus anodontosaurus anserimimus
antarctopelta antarctosaurus antetonitrus anzu aorun apatosaurus appalachiosaurus aragosaurus aralosaurus
archaeoceratops archaeopteryx archaeornithomimus arcovenator argentinosaurus argyrosaurus aristosuchus
arrhinoceratops arstanosaurus asiaceratops astrodon asylosaurus atacamatitan atlasaurus atlascopcosaurus
atrociraptor aublysodon aucasaurus auroraceratops australovenator austroraptor austrosaurus avaceratops aviatyrannis
avimimus bactrosaurus bagaceratops bagaraatan bahariasaurus balaur bambiraptor barapasaurus barosaurus barsboldia
baryonyx beipiaosaurus beishanlong bellusaurus berberosaurus bistahieversor blikanasaurus bonitasaura borogovia
bothriospondylus brachiosaurus brachyceratops brachylophosaurus brachytrachelopan brontomerus brontosaurus
bruhathkayosaurus buitreraptor byronosaurus caenagnathasia caenagnathus callovosaurus camarasaurus camelotia
camptosaurus carcharodontosaurus carnotaurus caseosaurus caudipteryx cedarosaurus cedarpelta centrosaurus cerasinops
ceratonykus ceratops ceratosaurus cetiosauriscus cetiosaurus changyuraptor chaoyangsaurus charonosaurus chasmosaurus
chebsaurus chialingosaurus chilantaisaurus chilesaurus chindesaurus chirostenotes chubutisaurus chungkingosaurus
citipati claosaurus coahuilaceratops coelophysis coelurus colepiocephale coloradisaurus compsognathus concavenator
conchoraptor condorraptor coronosaurus corythosaurus craspedodon craterosaurus crichtonsaurus cristatusaurus
cruxicheiros cryolophosaurus cumnoria daanosaurus dacentrurus daemonosaurus dahalokely dakotadon dakotaraptor
daspletosaurus datousaurus deinocheirus deinodon deinonychus deltadromeus demandasaurus diabloceratops
diamantinasaurus dicraeosaurus dilong dilophosaurus diplodocus dollodon draconyx dracopelta dracorex dracovenator
dreadnoughtus drinker dromaeosauroides dromaeosaurus dromiceiomimus dryosaurus dryptosaurus dubreuillosaurus
duriavenator dyoplosaurus dysalotosaurus dyslocosaurus dystrophaeus echinodon edmarka edmontonia edmontosaurus
efraasia einiosaurus ekrixinatosaurus elaphrosaurus elmisaurus elrhazosaurus emausaurus enigmosaurus eocarcharia
eocursor eodromaeus eolambia eoraptor eosinopteryx eotriceratops eotyrannus epachthosaurus epidexipteryx equijubus
erectopus erketu erliansaurus erlikosaurus eshanosaurus eucamerotus eucnemesaurus euhelopus euoplocephalus
europasaurus europelta euskelosaurus eustreptospondylus fabrosaurus falcarius ferganasaurus fruitadens fukuiraptor
fukuisaurus fulgurotherium futalognkosaurus galeamopus gallimimus galvesaurus gargoyleosaurus garudimimus gasosaurus
gasparinisaura gastonia genyodectes giganotosaurus gigantoraptor gigantspinosaurus gilmoreosaurus giraffatitan
glacialisaurus gobiceratops gobisaurus gobititan gojirasaurus gondwanatitan gongxianosaurus gorgosaurus goyocephale
graciliceratops graciliraptor gryphoceratops gryponyx gryposaurus guaibasaurus guanlong hadrosaurus hagryphus
halticosaurus haplocanthosaurus haplocheirus harpymimus haya heishansaurus herrerasaurus hesperonychus hesperosaurus
heterodontosaurus hexing hippodraco homalocephale hoplitosaurus huabeisaurus huanghetitan huaxiagnathus
huayangosaurus hungarosaurus hylaeosaurus hypacrosaurus hypselosaurus hypsilophodon iguanodon iliosuchus ilokelesia
incisivosaurus indosaurus indosuchus irritator isanosaurus isisaurus janenschia jaxartosaurus jeholosaurus jeyawati
jiangshanosaurus jinfengopteryx jinzhousaurus jobaria judiceratops juratyrant juravenator kaatedocus kaijiangosaurus
kelmayisaurus kentrosaurus kerberosaurus khaan kileskus kinnareemimus kol koreaceratops koreanosaurus kosmoceratops
kotasaurus kritosaurus kryptops kulceratops kunbarrasaurus lambeosaurus lamplughsaura lanzhousaurus laosaurus
lapampasaurus latirhinus leaellynasaura leinkupal leonerasaurus leptoceratops leshansaurus lesothosaurus
lessemsaurus lexovisaurus leyesaurus liaoceratops liaoningosaurus ligabueino ligabuesaurus liliensternus limaysaurus
limusaurus linhenykus linheraptor lophorhothon lophostropheus loricatosaurus lourinhanosaurus lourinhasaurus
luanchuanraptor lufengosaurus lurdusaurus lusotitan lycorhinus magnapaulia magnosaurus magyarosaurus mahakala
maiasaura majungasaurus malawisaurus mamenchisaurus manidens mapusaurus marshosaurus martharaptor masiakasaurus
massospondylus maxakalisaurus medusaceratops megalosaurus megapnosaurus megaraptor mei melanorosaurus mendozasaurus
metriacanthosaurus microceratus microcoelus micropachycephalosaurus microraptor microvenator minmi minotaurasaurus
miragaia mirischia mochlodon mojoceratops monkonosaurus monoclonius monolophosaurus mononykus montanoceratops
mussaurus muttaburrasaurus muyelensaurus mymoorapelta nanosaurus nanotyrannus nanshiungosaurus nasutoceratops
nebulasaurus nedoceratops neimongosaurus nemegtosaurus neovenator neuquenraptor neuquensaurus nigersaurus
nipponosaurus noasaurus nodocephalosaurus nodosaurus nomingia nothronychus notohypsilophodon nqwebasaurus nuthetes
ohmdenosaurus ojoceratops ojoraptorsaurus olorotitan omeisaurus opisthocoelicaudia oplosaurus orkoraptor
ornithodesmus ornitholestes ornithomimus ornithopsis orodromeus orthomerus oryctodromeus othnielia othnielosaurus
ouranosaurus oviraptor oxalaia ozraptor pachycephalosaurus pachyrhinosaurus palaeoscincus paluxysaurus pampadromaeus
pamparaptor panoplosaurus panphagia pantydraco paralititan paranthodon pararhabdodon parasaurolophus parksosaurus
parvicursor patagosaurus pawpawsaurus pedopenna pegomastax pelecanimimus pellegrinisaurus peloroplites pelorosaurus
pentaceratops phuwiangosaurus piatnitzkysaurus pinacosaurus pisanosaurus piveteausaurus planicoxa plateosauravus
plateosaurus pleurocoelus podokesaurus poekilopleuron polacanthus prenocephale prenoceratops proa probactrosaurus
proceratosaurus procompsognathus prosaurolophus protarchaeopteryx protoceratops protohadros psittacosaurus
puertasaurus pukyongosaurus pycnonemosaurus pyroraptor qantassaurus qiaowanlong quaesitosaurus quetecsaurus
quilmesaurus rahiolisaurus rahonavis rajasaurus rapator rapetosaurus raptorex rayososaurus rebbachisaurus
regaliceratops regnosaurus rhabdodon rhinorex rhoetosaurus rinchenia rinconsaurus riojasaurus rubeosaurus ruehleia
rugops ruyangosaurus sahaliyania saichania saltasaurus sanjuansaurus santanaraptor sarahsaurus sarcolestes
sarcosaurus saturnalia saurolophus sauroniops sauropelta saurophaganax sauroposeidon saurornithoides
saurornitholestes scansoriopteryx scelidosaurus scipionyx sciurumimus scolosaurus scutellosaurus secernosaurus
segisaurus segnosaurus seitaad selvarops serendipaceratops shamosaurus shanag shantungosaurus shanxia shaochilong
shenzhousaurus shunosaurus shuvuuia siamosaurus siamotyrannus siats sigilmassasaurus silvisaurus similicaudipteryx
sinocalliopteryx sinoceratops sinornithoides sinornithomimus sinornithosaurus sinosauropteryx sinosaurus
sinotyrannus sinovenator sinraptor sinusonasus skorpiovenator sonidosaurus sonorasaurus spinophorosaurus spinops
spinosaurus spinostropheus staurikosaurus stegoceras stegopelta stegosaurus stenopelix stokesosaurus struthiomimus
struthiosaurus stygimoloch styracosaurus suchomimus suchosaurus supersaurus suuwassea szechuanosaurus talarurus
talenkauen talos tangvayosaurus tanius tanycolagreus taohelong tapuiasaurus tarascosaurus tarbosaurus tarchia
tastavinsaurus tatankacephalus tatankaceratops tataouinea tatisaurus tawa tazoudasaurus tehuelchesaurus
telmatosaurus tendaguria tenontosaurus teratophoneus texacephale thecodontosaurus theiophytalia therizinosaurus
thescelosaurus tianyulong tianyuraptor tianzhenosaurus timimus titanoceratops titanosaurus tochisaurus tonganosaurus
tornieria torosaurus torvosaurus triceratops trinisaura troodon tsaagan tsagantegia tsintaosaurus tuojiangosaurus
turanoceratops turiasaurus tyrannosaurus tyrannotitan udanoceratops unaysaurus unenlagia unescoceratops urbacodon
utahceratops utahraptor uteodon vagaceratops valdosaurus variraptor velafrons velociraptor velocisaurus venenosaurus
veterupristisaurus volkheimeria vulcanodon wannanosaurus wendiceratops willinakaqe wintonotitan wuerhosaurus
wulagasaurus xenoceratops xenoposeidon xenotarsosaurus xiaosaurus xiaotingia xinjiangtitan xiongguanlong xixianykus
xixiasaurus xuanhanosaurus xuanhuaceratops xuwulong yamaceratops yandusaurus yangchuanosaurus yaverlandia
yimenosaurus yinlong yixianosaurus yizhousaurus yongjinglong yuanmousaurus yueosaurus yulong yunnanosaurus
yutyrannus zalmoxes zanabazar zapalasaurus zby zephyrosaurus zhejiangosaurus zhenyuanlong zhuchengceratops
zhuchengtyrannus zigongosaurus zizhongosaurus zuniceratops zuolong zupaysaurus
"""


def names() -> list[str]:
    """Return the names, each once, in alphabetical order; refuse one that is not of letters from a to z."""
    found = GENERA.split()
    wrong = [name for name in found if not re.fullmatch("[a-z]+", name)]
    if wrong or found != sorted(set(found)):
        raise ValueError(f"Not of letters from a to z, not in order, or twice: {wrong or 'look at the order'}.")
    return found


if __name__ == "__main__":
    made = names()
    Path(__file__).with_name("names.txt").write_text("\n".join(made) + "\n", encoding="ascii", newline="\n")
    letters = sum(map(len, made))
    endings = ", ".join(f"{sum(name.endswith(end) for name in made)} end in {end}" for end in ("saurus", "us"))
    sys.stdout.write(f"{len(made)} names, {letters} letters, {endings}\n")
